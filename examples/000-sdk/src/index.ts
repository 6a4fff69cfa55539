import { PostService } from "./post/client";

export { ResponseError } from "./error";

export const client = {
  post: new PostService(),
};
