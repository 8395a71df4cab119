/**
 * Which server a key belongs to.
 *
 * <p><b>What lives here.</b> The hash slots of a Redis cluster: pure arithmetic. Servers that know
 * nothing of each other share keys by {@code dev.uring.client.routing}. <b>May import.</b> The JDK
 * and {@code bytes} of the core. <b>Threads.</b> Everything is immutable or has no state. <b>Who
 * owns memory.</b> Keys are borrowed. <b>Read next.</b> {@link dev.uring.redis.routing.HashSlot}.
 */
package dev.uring.redis.routing;
