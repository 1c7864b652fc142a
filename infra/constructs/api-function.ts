import { Duration, Stack, Validations } from 'aws-cdk-lib';
import { CfnIntegration, CfnRoute } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ROUTES, type Route, type Step } from '#shared/contracts/api/routes.ts';
import { LambdaFunction, type LambdaFunctionProps } from './lambda-function.ts';

/** The HTTP API that functions of every stack hang their routes on. */
export interface ApiDoor {
  readonly apiId: string;
  readonly authorizerId: string;
}

export interface ApiFunctionProps extends LambdaFunctionProps {
  readonly api: ApiDoor;
  readonly step: Step;
}

/**
 * One function behind the HTTP API with every route that names its step. It has one integration and one permission
 * whatever the number of routes, which keeps the stack and the function's policy small.
 */
export class ApiFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: ApiFunctionProps) {
    super(scope, id, { timeout: Duration.seconds(20), ...props });
    const { apiId } = props.api;
    const integration = new CfnIntegration(this, 'Integration', {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: this.fn.functionArn,
      payloadFormatVersion: '2.0',
    });
    new CfnPermission(this, 'Invoke', {
      action: 'lambda:InvokeFunction',
      functionName: this.fn.functionArn,
      principal: 'apigateway.amazonaws.com',
      sourceArn: Stack.of(this).formatArn({ service: 'execute-api', resource: apiId, resourceName: '*/*' }),
    });
    const routes: readonly Route[] = ROUTES;
    for (const route of routes.filter((candidate) => candidate.step === props.step)) {
      this.#addRoute(route, props.api, `integrations/${integration.ref}`);
    }
  }

  #addRoute({ method, path, access }: Route, { apiId, authorizerId }: ApiDoor, target: string): void {
    const open = access === 'anyone' || access === 'signed-source';
    const route = new CfnRoute(this, `${method}${path.replaceAll('/', '-').replaceAll(/[{}]/g, '')}`, {
      apiId,
      routeKey: `${method} ${path}`,
      target,
      ...(open ? { authorizationType: 'NONE' } : { authorizationType: 'JWT', authorizerId }),
    });
    if (open) Validations.of(route).acknowledge({ id: 'AwsSolutions-APIG4', reason: whyOpen[access] });
  }
}

const whyOpen = {
  anyone: 'Health and the description of the API hold nothing that is not public.',
  'signed-source':
    'The function checks the signature of the sending system over the raw body before it reads anything.',
} as const;
