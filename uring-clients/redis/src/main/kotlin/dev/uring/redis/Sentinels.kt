package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.dispatcher
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration.Companion.seconds

/**
 * The sentinels that watch one master: whom to ask where it is, and who tells when another server has become it.
 *
 * Everything happens on worker 0, whose connections to the sentinels serve all workers.
 *
 * Source: Redis documentation, "Guidelines for Sentinel clients".
 */
internal class Sentinels(
    private val runtime: UringRuntime,
    val config: SentinelConfig,
    private val resolver: Resolver,
    private val whenSwitched: (address: String) -> Unit,
) : AutoCloseable {
    private val dispatcher = runtime.worker(0).dispatcher
    private val scope = CoroutineScope(dispatcher + SupervisorJob())

    // The one that answered last stands first.
    private val known = ArrayList(config.addresses)
    private val clients = HashMap<String, RedisClient>()
    private val listening = HashSet<String>()
    private var present: String? = null

    @Volatile
    private var isClosed = false

    /** `host:port` of the master. */
    suspend fun master(): String =
        withContext(dispatcher) {
            val address = ask { client -> masterBy(client) }
            switch(address)
            known.forEach(::listen)
            address
        }

    /** `host:port` of each replica that the sentinels think is well. */
    suspend fun replicas(): List<String> =
        withContext(dispatcher) {
            ask { client ->
                val request = client.command(REPLICAS).arg(config.masterName)
                client.execute(request, INSTANCES).filter { isWell(it["flags"].orEmpty()) }.map(::addressOf)
            }
        }

    override fun close() {
        isClosed = true
        scope.launch {
            clients.values.forEach(RedisClient::close)
            clients.clear()
            scope.cancel()
        }
    }

    private suspend fun masterBy(client: RedisClient): String? {
        val place = client.execute(client.command(MASTER_PLACE).arg(config.masterName), PLACE) ?: return null
        // What it knows of others outlives the ones that the program named.
        val others = client.execute(client.command(OTHERS).arg(config.masterName), INSTANCES).map(::addressOf)
        known += others.filter { it !in known }
        return place
    }

    /** The first answer; [question] gives null when that sentinel does not know the master. */
    private suspend fun <T : Any> ask(question: suspend (RedisClient) -> T?): T {
        val said = ArrayList<String>()
        for (address in known.toList()) {
            try {
                val answer = withTimeoutOrNull(config.answerTimeout) { Answer(question(client(address))) }
                if (answer?.value != null) {
                    known.remove(address)
                    known.add(0, address)
                    return answer.value
                }
                said +=
                    "$address: ${if (answer == null) "no answer within ${config.answerTimeout}" else "knows no such master"}"
            } catch (failure: RedisFailure) {
                said += "$address: ${failure.message?.lineSequence()?.first()}"
            }
        }
        throw RedisConnectionException(
            "no sentinel says where master '${config.masterName}' is: ${said.joinToString("; ")}.\n" +
                "  Check: redis-cli -h HOST -p PORT sentinel get-master-addr-by-name ${config.masterName}",
            wasSent = false,
        )
    }

    private class Answer<T>(
        val value: T,
    )

    private fun client(address: String): RedisClient {
        if (isClosed) throw RedisConnectionException("the client is closed", wasSent = false)
        return clients.getOrPut(address) {
            val server = RedisConfig(address, config.username, config.password, tls = config.tls)
            RedisClient(ClientCore(runtime, server, resolver, ConnectionUse(isOneOfMany = true)))
        }
    }

    private fun listen(address: String) {
        if (!listening.add(address)) return
        scope.launch {
            while (true) {
                try {
                    client(address).subscribe(SWITCH, onSubscribed = { lookAgain() }).collect { read(it.payload) }
                } catch (_: RedisFailure) {
                    delay(RETRY_DELAY) // Gone: others tell, and it may come back.
                }
            }
        }
    }

    // What was published while nobody listened is lost.
    private suspend fun lookAgain() {
        try {
            switch(ask { masterBy(it) })
        } catch (_: RedisFailure) {
            return // Nobody knows; who needs a connection will ask.
        }
    }

    /** `master-name old-host old-port new-host new-port` */
    private fun read(message: String) {
        val words = message.split(' ')
        if (words.size == SWITCH_WORDS && words[0] == config.masterName) switch(hostAndPort(words[3], words[4]))
    }

    private fun switch(address: String) {
        val before = present
        present = address
        if (before != null && before != address) whenSwitched(address)
    }

    companion object {
        private val MASTER_PLACE =
            Command.of(
                "SENTINEL GET-MASTER-ADDR-BY-NAME",
                Command.READONLY or Command.IDEMPOTENT,
            )
        private val REPLICAS = Command.of("SENTINEL REPLICAS", Command.READONLY or Command.IDEMPOTENT)
        private val OTHERS = Command.of("SENTINEL SENTINELS", Command.READONLY or Command.IDEMPOTENT)
        private const val SWITCH = "+switch-master"
        private const val SWITCH_WORDS = 5
        private val RETRY_DELAY = 1.seconds
        private val PLACE: Reply<String?> =
            Reply.nullable(
                Reply { reader ->
                    reader.readArrayHeader()
                    hostAndPort(reader.readString(), reader.readString())
                },
            )
        private val INSTANCES: Reply<List<Map<String, String>>> = Reply.list(Reply.map(Reply.STRING, Reply.STRING))

        private fun addressOf(instance: Map<String, String>) =
            hostAndPort(instance["ip"].orEmpty(), instance["port"].orEmpty())

        private fun isWell(flags: String) =
            flags.split(',').none {
                it == "s_down" || it == "o_down" ||
                    it == "disconnected"
            }
    }
}

/** As addresses are written: IPv6 in brackets. */
internal fun hostAndPort(
    host: String,
    port: String,
): String = if (':' in host && !host.startsWith('[')) "[$host]:$port" else "$host:$port"
