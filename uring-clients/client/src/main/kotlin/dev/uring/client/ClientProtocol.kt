package dev.uring.client

import dev.uring.client.session.ProtocolSession
import kotlin.time.Duration

/**
 * What a protocol brings to a [Link]: everything else, from the first connection to the last reconnect, is the link's.
 *
 * For authors of protocols; programs use the clients made with it.
 *
 * ### Threading and cancellation
 * Called on the link's worker, and must not block it.
 */
public interface ClientProtocol<R> {
    /** Opens the session of a new connection of [link]; the link ends it. */
    public fun openSession(link: Link<R>): ProtocolSession<R>

    /**
     * Says on a new connection of [link] what comes before anything else, with [Link.writeAhead], and ends in [Link.greeted]
     * or [Link.refused], now or when the server has answered. Each step has [LinkConfig.connectTimeout].
     */
    public fun greet(link: Link<R>): Unit = link.greeted()

    /**
     * Asks the server of [link], which has been silent, for a sign of life: writes something that has an answer. False when
     * there is nothing to ask with; the link then stays as it is.
     */
    public fun ping(link: Link<R>): Boolean = false

    /**
     * [request], which was sent over [link], is abandoned: its coroutine was cancelled, or its time is over. Its reply will be
     * dropped when it comes. A protocol that can take a request back says so to the server here, makes its session forget
     * the request and calls [Link.forgotten].
     */
    public fun gaveUp(
        link: Link<R>,
        request: Request<R>,
    ): Unit = Unit
}

/** Makes the exceptions of a protocol. Each carries the message it is given. Thread: any. */
public interface ClientFailures {
    /** What the protocol is called in messages. */
    public val protocol: String

    /** There is no connection, or it was lost before the reply. [wasSent]: it may or may not have had its effect. */
    public fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable? = null,
    ): Exception

    /** No reply to [command] within [timeout]; [detail] continues a sentence that says so. */
    public fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ): Exception

    /** More wait than may. */
    public fun overloaded(message: String): Exception
}
