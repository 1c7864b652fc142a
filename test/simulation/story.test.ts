import { thePostedPoints } from '#test/e2e/reviews.ts';
import { theStory } from '#test/e2e/story.ts';
import { inMemorySystem } from './in-memory-system.ts';

const system = inMemorySystem('policy-1');

theStory(() => system);
thePostedPoints(() => system);
