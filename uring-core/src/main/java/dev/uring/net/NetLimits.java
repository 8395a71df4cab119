package dev.uring.net;

/**
 * The limits of a connection, as {@code RuntimeConfig} names and explains them.
 *
 * @param recvHighWaterBytes unconsumed bytes at which a paused connection stops receiving
 * @param frameBytesMax most unconsumed bytes a connection may hold
 * @param sendHighWaterBytes unsent bytes from which a connection is not writable
 * @param sendLowWaterBytes unsent bytes at which a source that a forwarding held back goes on
 * @param sendQueueBytesMax most unsent bytes a connection may hold
 * @param retainBytesMin least size of received bytes that are sent on without a copy
 * @param zeroCopySendBytesMin least size of a send that asks the kernel not to copy; 0 for never
 * @param lingerNanos how long a closed connection waits for the peer's FIN
 * @param connectionsMax most connections of one worker
 */
public record NetLimits(
    int recvHighWaterBytes,
    int frameBytesMax,
    long sendHighWaterBytes,
    long sendLowWaterBytes,
    long sendQueueBytesMax,
    int retainBytesMin,
    int zeroCopySendBytesMin,
    long lingerNanos,
    int connectionsMax) {}
