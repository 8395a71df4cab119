package dev.uring.redis.codec;

/**
 * An error inside a larger reply, as {@link ReplyReader#readAny()} gives it.
 *
 * @param text what the server says: code, blank and message
 */
public record RespErrorValue(String text) {}
