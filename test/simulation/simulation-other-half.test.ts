import { theSimulationOf } from './seeds.ts';

theSimulationOf(1);
