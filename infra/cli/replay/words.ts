const number = new Intl.NumberFormat('en');

/** A figure as people read it: `1,204`. */
export function figure(value: number): string {
  return number.format(value);
}

/** `1 row`, `1,204 rows`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}
