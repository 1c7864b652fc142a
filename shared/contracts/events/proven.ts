import type * as z from 'zod';

/** The same shape with every level read-only and intersections joined, so that two ways of writing one type compare equal. */
type Plain<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer Element)[]
    ? readonly Plain<Element>[]
    : { readonly [Key in keyof T]: Plain<T[Key]> };

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * What a map of contracts has to satisfy: for every name of `Domain` a schema that yields exactly that type, optional
 * fields included. A difference is a compile error at the name.
 */
export type Proven<Contracts, Domain> = {
  readonly [Name in keyof Domain]: Name extends keyof Contracts
    ? Contracts[Name] extends z.ZodType<infer Output>
      ? Same<Plain<Output>, Plain<Domain[Name]>> extends true
        ? Contracts[Name]
        : ['differs from', Domain[Name]]
      : ['is no schema']
    : ['is missing'];
};
