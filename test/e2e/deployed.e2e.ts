import { deployedSystem } from './deployed-system.ts';
import { theHostileDoor } from './hostile.ts';
import { theStory } from './story.ts';

theHostileDoor(deployedSystem);
theStory(deployedSystem);
