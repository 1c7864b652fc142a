import { theExportedFiles, theExports } from './exports.ts';
import { everyGrantIsUsed } from './grants.ts';
import { theHostileDoor } from './hostile.ts';
import { theIntake } from './intake.ts';
import { theLedger } from './ledger.ts';
import { localSystem } from './local-system.ts';
import { lostCommits } from './lost-commits.ts';
import { theStory } from './story.ts';

theHostileDoor(localSystem);
theIntake(localSystem);
theStory(localSystem);
theLedger(localSystem);
theExports(localSystem);
theExportedFiles(localSystem);
lostCommits(localSystem);
everyGrantIsUsed(localSystem);
