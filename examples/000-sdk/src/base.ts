import { Lambda } from "@aws-sdk/client-lambda";
import { ResponseError } from "./error";

export interface RequestOptions {
  method: string;
  path: string;
  headers?: { [key in string]: any };
  query?: { [key in string]: any };
  body?: { [key in string]: any };
}

export interface RequestResult<Body> {
  statusCode: number;
  headers: { [key in string]: string };
  body: Body;
}

export interface Metadata {
  name: string;
  region: string;
}

export class BaseLambdaClient {
  private readonly client: Lambda;

  constructor(private readonly metadata: Metadata) {
    this.client = new Lambda({ region: metadata.region });
  }

  protected async request<Body>(
    options: RequestOptions
  ): Promise<RequestResult<Body>> {
    const response = await this.requestViaLambda(options);

    if (response.statusCode >= 400) {
      throw new ResponseError(response.statusCode, response.body.message);
    }

    return response;
  }

  private async requestViaLambda(options: RequestOptions) {
    const result = await this.client.invoke({
      FunctionName: this.metadata.name,
      InvocationType: "RequestResponse",
      Payload: new TextEncoder().encode(
        JSON.stringify({
          httpMethod: options.method,
          path: options.path,
          headers: options.headers ? this.serializeJSON(options.headers) : {},
          queryStringParameters: options.query
            ? this.serializeJSON(options.query)
            : {},
          body: JSON.stringify(options.body ?? {}),
        })
      ),
    });

    const response = JSON.parse(new TextDecoder().decode(result.Payload!));

    return {
      statusCode: response.statusCode,
      headers: response.headers,
      body: JSON.parse(response.body),
    };
  }

  private serializeJSON(json: { [key in string]: any }) {
    return Object.fromEntries(
      Object.entries(json)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, String(value)])
    );
  }
}
