import { theStory } from '#test/e2e/story.ts';
import { inMemorySystem } from './in-memory-system.ts';

theStory(() => inMemorySystem('policy-1'));
