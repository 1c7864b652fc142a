import { CfnOutput, Duration, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { CfnApi, CfnAuthorizer, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { BusinessAlarm } from '../constructs/alarm.ts';
import { type ApiDoor, ApiFunction } from '../constructs/api-function.ts';
import type { FunctionDefaults } from '../constructs/lambda-function.ts';
import type { EnvironmentConfig } from '../environments.ts';

export interface ApiStackProps extends StackProps {
  readonly config: EnvironmentConfig;
  readonly defaults: FunctionDefaults;
}

/** What a line of the access log holds: enough to follow a call, nothing about the person behind it. */
const accessLogLine = JSON.stringify({
  requestId: '$context.requestId',
  at: '$context.requestTime',
  route: '$context.routeKey',
  status: '$context.status',
  milliseconds: '$context.responseLatency',
  bytes: '$context.responseLength',
  error: '$context.error.message',
  integrationError: '$context.integrationErrorMessage',
});

/** The door: one HTTP API on which every service stack hangs its routes, and what it says about itself. */
export class ApiStack extends Stack {
  readonly api: ApiDoor;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { config, defaults } = props;
    const api = new CfnApi(this, 'Api', {
      name: id,
      protocolType: 'HTTP',
      description: 'Interlock: disputes coupled with performance',
    });
    const authorizer = new CfnAuthorizer(this, 'Tokens', {
      apiId: api.ref,
      name: 'tokens',
      authorizerType: 'JWT',
      identitySource: ['$request.header.Authorization'],
      jwtConfiguration: { issuer: config.oidc.issuer, audience: [config.oidc.audience] },
    });
    this.api = { apiId: api.ref, authorizerId: authorizer.ref };
    this.#addStage(api.ref, config);
    new ApiFunction(this, 'DescribeApi', {
      defaults,
      api: this.api,
      step: 'about/describe-api',
      failureImpact: 'nobody can tell whether the system is up, or look up how to call it',
    });
    new BusinessAlarm(this, 'Failing', {
      metric: new Metric({
        namespace: 'AWS/ApiGateway',
        metricName: '5xx',
        dimensionsMap: { ApiId: api.ref },
        period: Duration.minutes(5),
        statistic: 'Sum',
      }),
      threshold: 5,
      symptom: 'The API answered five calls or more with an error of its own within five minutes',
      failureImpact: 'channels cannot hand in complaints, and people cannot work on disputes or see their cards',
      topic: defaults.alarmTopic,
      runbook: 'door-failing',
    });
    new CfnOutput(this, 'ApiId', { value: api.ref });
    new CfnOutput(this, 'ApiUrl', { value: api.attrApiEndpoint });
  }

  #addStage(apiId: string, config: EnvironmentConfig): void {
    const logs = new LogGroup(this, 'AccessLogs', {
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new CfnStage(this, 'Stage', {
      apiId,
      stageName: '$default',
      autoDeploy: true, // Routes of later stacks and deploys go live by themselves.
      accessLogSettings: { destinationArn: logs.logGroupArn, format: accessLogLine },
      defaultRouteSettings: {
        throttlingRateLimit: config.throttling.ratePerSecond,
        throttlingBurstLimit: config.throttling.burst,
        detailedMetricsEnabled: true,
      },
    });
  }
}
