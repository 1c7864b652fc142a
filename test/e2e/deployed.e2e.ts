import { deployedSystem } from './deployed-system.ts';
import { theStory } from './story.ts';

theStory(deployedSystem);
