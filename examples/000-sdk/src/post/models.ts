export interface Post {
  id: number;
  title: string;
}

export interface PostListShow {
  posts: Post[];
  nextCursor: number | null;
}
