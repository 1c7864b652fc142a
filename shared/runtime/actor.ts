import { type Actor, ROLES, type Role } from '../domain/access/roles.ts';

/** Claims of a checked token as API Gateway hands them over: mostly text, whatever they were in the token. */
export type Claims = Readonly<Record<string, unknown>>;

/** The caller as their token names them; undefined when it names no subject, which no token of ours leaves out. */
export function actorOf(claims: Claims): Actor | undefined {
  const sub = textOf(claims.sub);
  if (sub === undefined) return undefined;
  const department = textOf(claims.department);
  const employee = textOf(claims.employee);
  const source = textOf(claims.source);
  return {
    sub,
    roles: rolesOf(claims.roles),
    ...(department && { department }),
    ...(employee && { employee }),
    ...(source && { source }),
  };
}

/**
 * The known roles of a claim, each once: an array, or as text `[officer hr]` (what API Gateway makes of an array),
 * `officer hr`, `officer,hr` or `["officer","hr"]`. What is no role of ours is left out.
 */
export function rolesOf(claim: unknown): readonly Role[] {
  const words = Array.isArray(claim) ? claim : typeof claim === 'string' ? claim.split(/[[\]\s,"]+/) : [];
  const named = new Set<unknown>(words);
  return ROLES.filter((role) => named.has(role));
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' && claim !== '' ? claim : undefined;
}
