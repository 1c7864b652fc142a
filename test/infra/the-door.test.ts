import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROUTES, type Route } from '#shared/contracts/api/routes.ts';
import { idBehind, resourcesOf, synthesize } from './system-under-test.ts';

const prod = synthesize('prod');
const RouteProperties = z.object({
  RouteKey: z.string(),
  AuthorizationType: z.enum(['NONE', 'JWT']),
  AuthorizerId: z.unknown().optional(),
  Target: z.unknown(),
});
const deployed = resourcesOf(prod, 'AWS::ApiGatewayV2::Route').map(({ stack, Properties }) => ({
  stack,
  ...RouteProperties.parse(Properties),
}));
const routes: readonly Route[] = ROUTES;
const functionsWithRoutes = new Set(routes.map(({ step }) => step)).size;

describe('the door has exactly the routes of the access matrix (T-1)', () => {
  test('none is missing and none is more', () => {
    expect(deployed.map(({ RouteKey }) => RouteKey).sort()).toEqual(
      routes.map(({ method, path }) => `${method} ${path}`).sort(),
    );
  });

  test.each(routes)('$method $path asks for a token unless it is open or signed', ({ method, path, access }) => {
    const route = deployed.find(({ RouteKey }) => RouteKey === `${method} ${path}`);
    const open = access === 'anyone' || access === 'signed-source';
    expect(route?.AuthorizationType).toBe(open ? 'NONE' : 'JWT');
    expect(route?.AuthorizerId === undefined).toBe(open);
  });

  test("tokens come from the environment's issuer and are meant for us", () => {
    expect(
      resourcesOf(prod, 'AWS::ApiGatewayV2::Authorizer').map(({ Properties }) => Properties.JwtConfiguration),
    ).toEqual([{ Issuer: 'https://login.example.com', Audience: ['interlock'] }]);
  });

  test('calls are throttled and logged without anything about the person', () => {
    const [stage] = resourcesOf(prod, 'AWS::ApiGatewayV2::Stage');
    expect(stage?.Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 },
    });
    const { Format } = z.object({ Format: z.string() }).parse(stage?.Properties.AccessLogSettings);
    expect(Format).not.toMatch(/sourceIp|userAgent|authorizer|queryString/i);
  });
});

describe('a function behind the door costs the same whatever its routes', () => {
  test('each has one integration', () => {
    const targets = resourcesOf(prod, 'AWS::ApiGatewayV2::Integration').map(({ Properties }) =>
      idBehind(Properties.IntegrationUri),
    );
    expect(new Set(targets).size).toBe(functionsWithRoutes);
    expect(targets).toHaveLength(functionsWithRoutes);
  });

  test('each has one permission, for our API alone', () => {
    const permissions = resourcesOf(prod, 'AWS::Lambda::Permission').filter(
      ({ Properties }) => Properties.Principal === 'apigateway.amazonaws.com',
    );
    expect(new Set(permissions.map(({ Properties }) => idBehind(Properties.FunctionName))).size).toBe(
      functionsWithRoutes,
    );
    expect(permissions).toHaveLength(functionsWithRoutes);
    for (const { Properties } of permissions) expect(JSON.stringify(Properties.SourceArn)).toMatch(/\/\*\/\*/);
  });
});
