import { activeSecrets, checkedSource, newSecret, rotated, type SourceSecret } from '#shared/adapters/secrets.ts';
import type { Clock } from '#shared/domain/ports/clock.ts';
import type { SourceSecrets } from '#shared/domain/ports/source-secrets.ts';

/** The sources' secrets in memory, by the rules of those in Secrets Manager. */
export function memorySourceSecrets(clock: Clock): SourceSecrets {
  const stored = new Map<string, readonly SourceSecret[]>();
  return {
    async active(source) {
      return activeSecrets(stored.get(checkedSource(source)) ?? [], clock.now());
    },
    async rotate(source, now, overlapSeconds, active) {
      const secret = newSecret();
      stored.set(source, rotated(stored.get(checkedSource(source)) ?? [], { secret, now, overlapSeconds, active }));
      return secret;
    },
  };
}
