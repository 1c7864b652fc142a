import { Stack, Validations } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

/** What may be granted on files. Nobody gets to delete one: what stood there stays as a version. */
export type FileAction = 'read' | 'write' | 'list-versions';

/**
 * Grants these actions on the files whose keys start so, and the use of the bucket's key through S3 alone.
 * @param prefix with its slash at the end: `anchors/`
 */
export function grantFiles(bucket: Bucket, grantee: IGrantable, prefix: string, ...actions: readonly FileAction[]) {
  const statements: PolicyStatement[] = [];
  const resources = [bucket.arnForObjects(`${prefix}*`)];
  const reads = actions.includes('read');
  const writes = actions.includes('write');
  const onObjects = [...(reads ? ['s3:GetObject'] : []), ...(writes ? ['s3:PutObject'] : [])];
  if (onObjects.length > 0) statements.push(new PolicyStatement({ actions: onObjects, resources }));
  if (actions.includes('list-versions')) {
    const conditions = { StringLike: { 's3:prefix': [`${prefix}*`] } };
    const listed = { actions: ['s3:ListBucketVersions'], resources: [bucket.bucketArn], conditions };
    statements.push(new PolicyStatement(listed));
  }
  // A file that goes up in parts is read by S3 when it puts them together.
  const onKey = [...(reads || writes ? ['kms:Decrypt'] : []), ...(writes ? ['kms:GenerateDataKey'] : [])];
  if (onKey.length > 0 && bucket.encryptionKey) {
    const conditions = { StringEquals: { 'kms:ViaService': `s3.${Stack.of(bucket).region}.amazonaws.com` } };
    statements.push(new PolicyStatement({ actions: onKey, resources: [bucket.encryptionKey.keyArn], conditions }));
  }
  for (const statement of statements) grantee.grantPrincipal.addToPrincipalPolicy(statement);
  if (!Construct.isConstruct(grantee.grantPrincipal)) return;
  // A finding names the files by the export under which the bucket's stack gives its ARN to other stacks.
  const { 'Fn::ImportValue': exported } = Stack.of(bucket).resolve(Stack.of(bucket).exportValue(bucket.bucketArn));
  Validations.of(grantee.grantPrincipal).acknowledge({
    id: `AwsSolutions-IAM5[Resource::${exported}/${prefix}*]`,
    reason: 'Files are named while the system runs; the prefix holds those of these steps alone.',
  });
}
