import { expect } from "chai";

import { client, ResponseError } from "../src";

describe("Microservice SDK", () => {
  describe("Post service", () => {
    context("When user requests post list", () => {
      it("should return posts and nextCursor", async () => {
        const response = await client.post.getPostList({});

        expect(response.statusCode).to.be.eq(200);
        expect(response.body).has.property("posts");
        expect(response.body).has.property("nextCursor");
      });

      it("should go on at the cursor", async () => {
        const response = await client.post.getPostList({ cursor: 2 });

        expect(response.body.posts.map(({ id }) => id)).to.be.deep.eq([3]);
        expect(response.body.nextCursor).to.be.eq(null);
      });
    });

    context("When user requests a post that does not exist", () => {
      it("should throw ResponseError", async () => {
        const error = await client.post.getPost({ id: 404 }).catch((e) => e);

        expect(error).to.be.instanceOf(ResponseError);
        expect(error.statusCode).to.be.eq(404);
        expect(error.message).to.be.eq("Post not found");
      });
    });
  });
});
