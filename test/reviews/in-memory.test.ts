import { theReview } from '#test/e2e/reviews.ts';
import { inMemorySystem } from '#test/simulation/in-memory-system.ts';

theReview(() => inMemorySystem('policy-1'));
