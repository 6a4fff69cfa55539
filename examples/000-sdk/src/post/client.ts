import { BaseLambdaClient } from "../base";
import * as Models from "./models";

export class PostService extends BaseLambdaClient {
  constructor() {
    super({ name: "blog-post-service", region: "ap-northeast-2" });
  }

  public async getPostList({ cursor }: { cursor?: number }) {
    return await this.request<Models.PostListShow>({
      method: "GET",
      path: "/post/list",
      query: {
        cursor,
      },
    });
  }

  public async getPost({ id }: { id: number }) {
    return await this.request<Models.Post>({
      method: "GET",
      path: `/post/${id}`,
    });
  }
}
