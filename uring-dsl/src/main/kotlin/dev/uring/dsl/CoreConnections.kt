package dev.uring.dsl

import java.net.InetSocketAddress
import java.net.SocketAddress
import dev.uring.net.Connection as CoreConnection

/** The peer's address, or `unknown:0` when the peer was gone before anybody asked the kernel. */
internal val CoreConnection.peerAddress: SocketAddress get() = remoteAddress() ?: UNKNOWN_ADDRESS

/** This side's address, or `unknown:0` when the connection is gone. */
internal val CoreConnection.ownAddress: SocketAddress get() = localAddress() ?: UNKNOWN_ADDRESS

private val UNKNOWN_ADDRESS = InetSocketAddress.createUnresolved("unknown", 0)

/** Throws unless this is the thread of the connection's worker. */
internal fun CoreConnection.checkOwner(operation: String) {
    if (worker().isCurrent) return
    val index = worker().index()
    throw IllegalStateException(
        "$operation on thread '${Thread.currentThread().name}', " +
            "but connection $peerAddress belongs to worker $index.\n" +
            "  Call it there: onWorker($index) { … }, or return from the withContext that left the worker.",
    )
}
