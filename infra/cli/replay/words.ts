const number = new Intl.NumberFormat('en');

/** A figure as people read it: `1,204`. */
export function figure(value: number): string {
  return number.format(value);
}

/** `1 row`, `1,204 rows`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${figure(value)} ${value === 1 ? one : many}`;
}

/** What may go to a terminal of a text that others wrote: what steers it, or is not seen, is shown as `\u001b`. */
export function printable(text: string): string {
  return text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (sign) => `\\u${(sign.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
