//! Services that AWS has: so that the answer to a call on one that is not served names it.

/// Name, signing name, endpoint prefix, `X-Amz-Target` before the dot (empty where there is none).
/// Source: `metadata` of the service models in botocore.
const SERVICES: [(&str, &str, &str, &str); 44] = [
    ("acm", "acm", "acm", "CertificateManager"),
    ("apigateway", "apigateway", "apigateway", ""),
    ("appconfig", "appconfig", "appconfig", ""),
    ("appsync", "appsync", "appsync", ""),
    ("athena", "athena", "athena", "AmazonAthena"),
    ("autoscaling", "autoscaling", "autoscaling", ""),
    ("cloudcontrol", "cloudcontrolapi", "cloudcontrolapi", "CloudApiService"),
    ("cloudformation", "cloudformation", "cloudformation", ""),
    ("cloudfront", "cloudfront", "cloudfront", ""),
    ("cloudtrail", "cloudtrail", "cloudtrail", "CloudTrail_20131101"),
    ("cloudwatch", "monitoring", "monitoring", "GraniteServiceVersion20100801"),
    ("codebuild", "codebuild", "codebuild", "CodeBuild_20161006"),
    ("cognito-identity", "cognito-identity", "cognito-identity", "AWSCognitoIdentityService"),
    ("cognito-idp", "cognito-idp", "cognito-idp", "AWSCognitoIdentityProviderService"),
    ("dynamodb", "dynamodb", "dynamodb", "DynamoDB_20120810"),
    ("dynamodbstreams", "dynamodb", "streams.dynamodb", "DynamoDBStreams_20120810"),
    ("ec2", "ec2", "ec2", ""),
    ("ecr", "ecr", "api.ecr", "AmazonEC2ContainerRegistry_V20150921"),
    ("ecs", "ecs", "ecs", "AmazonEC2ContainerServiceV20141113"),
    ("events", "events", "events", "AWSEvents"),
    ("firehose", "firehose", "firehose", "Firehose_20150804"),
    ("glue", "glue", "glue", "AWSGlue"),
    ("iam", "iam", "iam", ""),
    ("kinesis", "kinesis", "kinesis", "Kinesis_20131202"),
    ("kms", "kms", "kms", "TrentService"),
    ("lambda", "lambda", "lambda", ""),
    ("logs", "logs", "logs", "Logs_20140328"),
    ("organizations", "organizations", "organizations", "AWSOrganizationsV20161128"),
    ("pipes", "pipes", "pipes", ""),
    ("rds", "rds", "rds", ""),
    ("resourcegroupstaggingapi", "tagging", "tagging", "ResourceGroupsTaggingAPI_20170126"),
    ("route53", "route53", "route53", ""),
    ("scheduler", "scheduler", "scheduler", ""),
    ("schemas", "schemas", "schemas", ""),
    ("secretsmanager", "secretsmanager", "secretsmanager", "secretsmanager"),
    ("servicediscovery", "servicediscovery", "servicediscovery", "Route53AutoNaming_v20170314"),
    ("ses", "ses", "email", ""),
    ("sns", "sns", "sns", ""),
    ("sqs", "sqs", "sqs", "AmazonSQS"),
    ("ssm", "ssm", "ssm", "AmazonSSM"),
    ("states", "states", "states", "AWSStepFunctions"),
    ("sts", "sts", "sts", ""),
    ("wafv2", "wafv2", "wafv2", "AWSWAF_20190729"),
    ("xray", "xray", "xray", ""),
];

pub(super) fn by_signing_name(name: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(_, signing, _, _)| *signing == name).map(|(service, ..)| *service)
}

pub(super) fn by_endpoint_prefix(prefix: &str) -> Option<&'static str> {
    SERVICES.iter().find(|(_, _, endpoint, _)| *endpoint == prefix).map(|(service, ..)| *service)
}

pub(super) fn by_target(target: &str) -> Option<&'static str> {
    let same = |known: &str| !known.is_empty() && known.eq_ignore_ascii_case(target);
    SERVICES.iter().find(|(_, _, _, known)| same(known)).map(|(service, ..)| *service)
}
