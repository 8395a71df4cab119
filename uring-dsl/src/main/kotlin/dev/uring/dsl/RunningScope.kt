package dev.uring.dsl

import dev.uring.ShutdownPhase
import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dns.ResolverConfig
import dev.uring.net.UdpOptions
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsServerSource
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.isActive
import kotlinx.coroutines.job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration
import kotlin.time.toKotlinDuration

/** The scope of one running [uring] block. [supervisor] outlives [scope]: it carries the shutdown that ends [scope]. */
internal class RunningScope(
    override val runtime: UringRuntime,
    override val resolver: Resolver,
    private val scope: CoroutineScope,
    supervisor: CoroutineScope,
) : UringScope,
    CoroutineScope by scope {
    private val servers = ConcurrentLinkedQueue<RunningServer>()

    private val phases = PhaseActions(runtime.config().drainTimeout().toKotlinDuration())

    @Volatile
    private var isStopping = false

    private val connector = Connector(runtime, resolver) { coroutineContext.job.isCancelled && !isStopping }

    // Lazy: starting it is the idempotent, thread-safe act that shutdown() needs.
    private val stop =
        supervisor.launch(start = CoroutineStart.LAZY) {
            isStopping = true
            // Closing one more than once is harmless; a server opened meanwhile is in the queue or refused.
            // A UDP server accepts nobody: it answers until it drains.
            servers.filterIsInstance<Server>().forEach(Server::stopAccepting)
            phases.run(ShutdownPhase.STOP_ACCEPTING)
            servers.forEach(RunningServer::close)
            coroutineScope {
                launch { phases.run(ShutdownPhase.DRAIN) }
                servers.forEach { it.join() }
            }
            phases.run(ShutdownPhase.CANCEL)
            scope.cancel(CancellationException("uring is shut down"))
        }

    override fun tcp(
        address: String,
        onError: (connection: Connection, cause: Throwable) -> Unit,
        options: SocketOptions,
        tls: TlsServerSource?,
        handler: suspend CoroutineScope.(connection: Connection) -> Unit,
    ): Server {
        val connections = ConnectionGroup(runtime, coroutineContext, onError, handler)
        val listener =
            try {
                if (tls == null) {
                    runtime.listen(address, options, connections)
                } else {
                    runtime.listen(address, options, tls, connections)
                }
            } catch (failure: Throwable) {
                connections.job.cancel()
                throw failure
            }
        val server = Server(scope, listener, connections, runtime.config().drainTimeout().toKotlinDuration())
        admit(server, connections.job)
        return server
    }

    override fun udp(
        address: String,
        options: UdpOptions,
        onError: (socket: UdpSocket, cause: Throwable) -> Unit,
        handler: suspend CoroutineScope.(socket: UdpSocket) -> Unit,
    ): UdpServer {
        val group = UdpGroup(runtime, coroutineContext, onError, handler)
        val core =
            try {
                runtime.udp(address, options, group::serve)
            } catch (failure: Throwable) {
                group.job.cancel()
                throw failure
            }
        val server = UdpServer(scope, core, group, runtime.config().drainTimeout().toKotlinDuration())
        admit(server, group.job)
        return server
    }

    private fun admit(
        server: RunningServer,
        job: Job,
    ) {
        servers += server
        job.invokeOnCompletion { servers -= server }
        // shutdown() raises the flag before it looks into the queue: one of the two sees the other.
        if (isStopping) server.close()
    }

    override suspend fun connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection = connector.connect(address, timeout, options, tls)

    override suspend fun <R> connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(connection: Connection) -> R,
    ): R = connector.connect(address, timeout, options, tls, block)

    override suspend fun connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection = connector.connect(addresses, attemptDelay, timeout, options, tls)

    override suspend fun <R> connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(connection: Connection) -> R,
    ): R = connector.connect(addresses, attemptDelay, timeout, options, tls, block)

    override fun onShutdown(
        phase: ShutdownPhase,
        name: String,
        action: suspend () -> Unit,
    ): Unit = phases.add(phase, name, action)

    override fun shutdown() {
        stop.start()
    }

    companion object {
        /**
         * Runs [block] and waits for its servers and coroutines; a shutdown is a normal end. [onStarted] hands out the
         * scope before the block runs.
         */
        suspend fun run(
            runtime: UringRuntime,
            names: ResolverConfig,
            onStarted: (UringScope) -> Unit,
            block: suspend UringScope.() -> Unit,
        ): Unit =
            coroutineScope {
                val supervisor = this
                val resolver = Resolver(runtime, names)
                var running: RunningScope? = null
                try {
                    coroutineScope {
                        running = RunningScope(runtime, resolver, this, supervisor)
                        onStarted(running)
                        running.block()
                    }
                } catch (end: CancellationException) {
                    val isShutdown = running?.isStopping == true && supervisor.isActive
                    if (!isShutdown) throw end
                } finally {
                    running?.stop?.cancel()
                    // The block may have ended by itself; what was registered happens in any case.
                    withContext(NonCancellable) {
                        running?.phases?.runRest()
                        // Last: who still waited for a name has ended, and a question nobody waits for holds nothing up.
                        resolver.end()
                    }
                }
            }
    }
}
