import { theHostileDoor } from './hostile.ts';
import { localSystem } from './local-system.ts';
import { theStory } from './story.ts';

theHostileDoor(localSystem);
theStory(localSystem);
