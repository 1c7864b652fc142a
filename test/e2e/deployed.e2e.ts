import { deployedSystem } from './deployed-system.ts';
import { theExportedFiles, theExports } from './exports.ts';
import { theHostileDoor } from './hostile.ts';
import { theIntake } from './intake.ts';
import { theLedger } from './ledger.ts';
import { thePostedPoints, theReview } from './reviews.ts';
import { theStory } from './story.ts';

theIntake(deployedSystem);
theHostileDoor(deployedSystem);
theStory(deployedSystem);
theLedger(deployedSystem);
theExports(deployedSystem);
theExportedFiles(deployedSystem);
theReview(deployedSystem);
thePostedPoints(deployedSystem);
