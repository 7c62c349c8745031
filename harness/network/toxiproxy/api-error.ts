/** An ApiError is an answer to a request that cannot be met; the bodies are the original's. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: 400 | 404 | 409 | 500,
    message: string,
  ) {
    super(message);
  }
}

export const proxyNotFound = () => new ApiError(404, 'proxy not found');
export const proxyExists = () => new ApiError(409, 'proxy already exists');
export const toxicNotFound = () => new ApiError(404, 'toxic not found');
export const toxicExists = () => new ApiError(409, 'toxic already exists');
export const invalidType = () => new ApiError(400, 'invalid toxic type');
export const invalidStream = () =>
  new ApiError(400, 'stream was invalid, can be either upstream or downstream');
export const missingField = (field: string) => new ApiError(400, `missing required field: ${field}`);
export const badBody = (why: string) => new ApiError(400, `bad request body: ${why}`);
