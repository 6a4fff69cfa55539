const posts = [
  { id: 1, title: "Github Packages" },
  { id: 2, title: "에러 핸들링" },
  { id: 3, title: "마이크로 서비스" },
];

const answer = (statusCode, body) => ({
  statusCode,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

exports.handler = async (event) => {
  if (event.httpMethod === "GET" && event.path === "/post/list") {
    const from = Number(event.queryStringParameters.cursor ?? 0);
    const next = from + 2;
    return answer(200, { posts: posts.slice(from, next), nextCursor: next < posts.length ? next : null });
  }
  const [, id] = event.path.match(/^\/post\/(\d+)$/) ?? [];
  const post = posts.find((post) => post.id === Number(id));
  return post ? answer(200, post) : answer(404, { message: "Post not found" });
};
