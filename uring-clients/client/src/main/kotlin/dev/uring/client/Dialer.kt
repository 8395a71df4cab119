package dev.uring.client

import dev.uring.UringRuntime
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import java.util.concurrent.CompletionStage
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** How a [Link] gets to its server: over which addresses, with which options, with or without TLS. Thread: the worker's. */
public fun interface Dialer {
    /**
     * Begins to connect on [worker]; the connection gets its handler from [acceptor].
     *
     * ### Errors
     * What is thrown here says that no attempt will ever do better, such as a malformed address. That this attempt was in
     * vain is said by [Dialing.result].
     */
    public fun dial(
        worker: Worker,
        acceptor: ConnectionAcceptor,
    ): Dialing

    /** Makes dialers. */
    public companion object {
        /** To one [address], which is an IP address and a port, or a Unix socket. */
        public fun to(
            runtime: UringRuntime,
            address: String,
            timeout: Duration,
            options: SocketOptions,
        ): Dialer =
            Dialer { worker, acceptor ->
                val attempt = runtime.connect(worker, address, timeout.toJavaDuration(), options, acceptor)
                Dialing(attempt.result(), attempt::cancel)
            }
    }
}

/** An attempt to connect that is under way: [result] completes when there is a connection or there will be none. */
public class Dialing(
    public val result: CompletionStage<*>,
    private val giveUp: () -> Unit,
) {
    /** Gives up, if the connection does not exist yet. */
    public fun cancel(): Unit = giveUp()
}
