const isVariable = (part: string) => part.startsWith('{');

/**
 * Finds the route that AWS would choose: literal parts stand before variables, from left to right.
 * @returns finds by method and the decoded parts of a path the route and the values of its variables
 */
export function router<Route extends { readonly key: string }>(routes: readonly Route[]) {
  const candidates = new Map<string, { readonly route: Route; readonly parts: readonly string[] }[]>();
  const among = (method: string, parts: readonly string[]) => `${method} ${parts.length}`;
  for (const route of routes) {
    const [method = '', path = ''] = route.key.split(' ');
    const parts = path.split('/').slice(1);
    candidates.set(among(method, parts), [...(candidates.get(among(method, parts)) ?? []), { route, parts }]);
  }
  const order = (parts: readonly string[]) => parts.map((part) => (isVariable(part) ? '1' : '0')).join('');
  for (const some of candidates.values()) some.sort((a, b) => (order(a.parts) < order(b.parts) ? -1 : 1));

  return (method: string, segments: readonly string[]) => {
    const found = candidates
      .get(among(method, segments))
      ?.find(({ parts }) => parts.every((part, at) => part === segments[at] || (isVariable(part) && segments[at])));
    if (!found) return undefined;
    const values = found.parts.flatMap((part, at) =>
      isVariable(part) ? [[part.slice(1, -1), segments[at] ?? '']] : [],
    );
    return { route: found.route, parameters: Object.fromEntries(values) };
  };
}
