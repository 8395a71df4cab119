@file:OptIn(InternalUringApi::class)

package dev.uring.redis

import dev.uring.client.Dialer
import dev.uring.client.Dialing
import dev.uring.dsl.ConnectionOpener
import dev.uring.dsl.InternalUringApi
import dev.uring.dsl.Opening
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import java.util.concurrent.ThreadLocalRandom

/** Makes dialers to the places where servers are, each decided anew before each attempt. Thread: any. */
internal class ServerPlaces(
    private val opener: ConnectionOpener,
    private val config: RedisConfig,
) {
    // A connection that waits in BLPOP is rightly silent, and only the kernel can tell that its peer is gone.
    private val options = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()

    /** One address; a name in it is looked up each time. */
    fun at(address: String): Dialer = Dialer { worker, acceptor -> open(worker, address, acceptor).dialing() }

    /** The master, wherever the sentinels say that it is. */
    fun masterOf(sentinels: Sentinels): Dialer = found { sentinels.master() }

    /** One of several replicas, another one at each attempt. */
    fun replica(find: suspend () -> List<String>): Dialer {
        var last: String? = null
        return found {
            val all = find()
            if (all.isEmpty()) throw noReplica()
            // At random, so that the workers of all clients share the replicas; not the one that has just failed.
            val others = all.filter { it != last }.ifEmpty { all }
            others[ThreadLocalRandom.current().nextInt(others.size)].also { last = it }
        }
    }

    private fun found(find: suspend () -> String): Dialer =
        Dialer { worker, acceptor -> opener.later(worker) { open(worker, find(), acceptor) }.dialing() }

    private fun open(
        worker: Worker,
        address: String,
        acceptor: ConnectionAcceptor,
    ): Opening = opener.open(worker, address, config.connectTimeout, options, config.tls, acceptor)

    private fun Opening.dialing() = Dialing(result, ::cancel)

    private fun noReplica() =
        RedisConnectionException(
            "${config.place} has no replica.\n  Likely cause: none is connected to it. Check: redis-cli role; " +
                "ReadFrom.REPLICA_PREFERRED reads from the master meanwhile.",
            wasSent = false,
        )
}
