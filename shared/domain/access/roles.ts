/** Who may do what is said in these words (T-1); they come as the `roles` claim of a token. */
export const ROLES = [
  'officer',
  'supervisor',
  'performance',
  'liaison',
  'head',
  'employee',
  'partner',
  'legal',
  'pr',
  'leading',
  'oversight',
  'hr',
  'executive',
  'privacy',
  'operator',
  'integrator',
] as const;
export type Role = (typeof ROLES)[number];

/** The caller of a route, as their token names them. */
export interface Actor {
  /** The token's `sub`. */
  readonly sub: string;
  readonly roles: readonly Role[];
  readonly department?: string;
  readonly employee?: string;
  /** An integrator's own source. */
  readonly source?: string;
}

/** The id under which an actor's acts are recorded: the employee's, else the token's subject. */
export function actorId(actor: Actor): string {
  return actor.employee ?? actor.sub;
}
