import { theHostileDoor } from '#test/e2e/hostile.ts';
import { inMemorySystem } from './in-memory-system.ts';

theHostileDoor(() => inMemorySystem('policy-1'));
