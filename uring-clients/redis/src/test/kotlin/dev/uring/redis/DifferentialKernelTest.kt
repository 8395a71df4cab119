package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import redis.clients.jedis.DefaultJedisClientConfig
import redis.clients.jedis.HostAndPort
import redis.clients.jedis.Jedis
import redis.clients.jedis.RedisProtocol
import redis.clients.jedis.commands.ProtocolCommand
import redis.clients.jedis.exceptions.JedisDataException
import redis.clients.jedis.util.KeyValue
import kotlin.random.Random

/** The same random commands through this client and through Jedis, to two servers that began empty: equal replies. */
class DifferentialKernelTest :
    FunSpec({
        needsRedis()

        val seed = System.getProperty("uring.fuzz.seed")?.toLong() ?: System.nanoTime()
        for ((ours, theirs) in listOf(
            RespVersion.RESP2 to RedisProtocol.RESP2,
            RespVersion.RESP3 to RedisProtocol.RESP3,
        )) {
            test("5000 random commands are answered alike in $ours") {
                withClue({ "-During.fuzz.seed=$seed" }) {
                    RealRedis().use { here ->
                        RealRedis(isTcp = true).use { there -> compare(seed, here, there, ours, theirs) }
                    }
                }
            }
        }
    })

private fun compare(
    seed: Long,
    here: RealRedis,
    there: RealRedis,
    ours: RespVersion,
    theirs: RedisProtocol,
) {
    // Of its own it waits 2 s.
    val config =
        DefaultJedisClientConfig
            .builder()
            .protocol(theirs)
            .timeoutMillis(20_000)
            .build()
    val script = RandomCommands(Random(seed))
    var refused = 0
    Jedis(HostAndPort("127.0.0.1", there.port), config).use { jedis ->
        withClient(here, configure = { copy(protocol = ours) }) { client ->
            var left = 5000
            while (left > 0) {
                val commands = List(script.random.nextInt(1, 40)) { script.next() }
                left -= commands.size
                val expected = commands.map { jedis.answer(it) }
                val got =
                    when (script.random.nextInt(3)) {
                        0 -> commands.map { client.answer(it) }
                        1 -> coroutineScope { commands.map { async { client.answer(it) } }.awaitAll() }
                        else -> client.answerTogether(commands)
                    }
                for (i in commands.indices) {
                    withClue({ "command ${commands[i]}" }) { got[i] shouldBe expected[i] }
                }
                refused += expected.count { it is Refused }
            }
        }
    }
    // The script must not be all errors, nor free of them.
    refused shouldBeGreaterThan 100
    (5000 - refused) shouldBeGreaterThan 1000
}

private data class Refused(
    val text: String,
)

// Where the server's order is that of its hash table, which has a seed of its own in each process.
private val unordered = setOf("SMEMBERS", "SUNION", "SINTER", "SDIFF", "KEYS", "HKEYS", "HVALS")

private fun ordered(
    command: List<String>,
    reply: Any?,
): Any? = if (reply is List<*> && command[0] in unordered) reply.map { "$it" }.sorted() else reply

private suspend fun RedisClient.answer(command: List<String>): Any? =
    ordered(
        command,
        try {
            plain(execute(words(command), Reply.ANY))
        } catch (refusal: RedisException) {
            Refused(refusal.serverText)
        },
    )

private suspend fun RedisClient.answerTogether(commands: List<List<String>>): List<Any?> {
    val results =
        pipeline {
            commands.map { words ->
                val writer = command(Command.of(words[0]))
                words.drop(1).forEach(writer::arg)
                execute(writer, Reply.ANY)
            }
        }
    return results.zip(commands) { result, command ->
        val refusal = result.failure as? RedisException
        ordered(command, if (refusal != null) Refused(refusal.serverText) else plain(result.value))
    }
}

private fun RedisClient.words(command: List<String>) =
    command(Command.of(command[0])).also { writer -> command.drop(1).forEach(writer::arg) }

private fun Jedis.answer(command: List<String>): Any? =
    ordered(
        command,
        try {
            plain(sendCommand(Raw(command[0]), *command.drop(1).map { it.toByteArray() }.toTypedArray()))
        } catch (refusal: JedisDataException) {
            Refused(refusal.message!!)
        },
    )

private class Raw(
    private val name: String,
) : ProtocolCommand {
    override fun getRaw(): ByteArray = name.toByteArray()
}

// What the libraries read a reply as, without what only their types differ in.
private fun plain(reply: Any?): Any? =
    when (reply) {
        is ByteArray -> String(reply)
        is Map<*, *> -> reply.entries.flatMap { listOf(plain(it.key), plain(it.value)) }
        is KeyValue<*, *> -> listOf(plain(reply.key), plain(reply.value))
        is Collection<*> -> reply.flatMap { if (it is KeyValue<*, *>) plain(it) as List<*> else listOf(plain(it)) }
        is Number, is Boolean, null -> reply
        else -> reply.toString()
    }

/** Commands on a few keys, so that they meet each other's values, also those of another type. */
private class RandomCommands(
    val random: Random,
) {
    private var streamId = 0

    private fun key() = "k${random.nextInt(12)}"

    private fun number() = "${random.nextInt(-5, 20)}"

    private fun text(): String =
        when (random.nextInt(5)) {
            0 -> ""
            1 -> number()
            2 -> "äöü€\uD83D\uDE00".take(random.nextInt(4))
            else -> "v".repeat(random.nextInt(1, 60)) + random.nextInt(3)
        }

    private fun field() = "f${random.nextInt(6)}"

    fun next(): List<String> = kinds[random.nextInt(kinds.size)]()

    private val kinds: List<() -> List<String>> =
        listOf(
            { listOf("SET", key(), text()) },
            { listOf("SET", key(), number()) },
            { listOf("GET", key()) },
            { listOf("GETDEL", key()) },
            { listOf("APPEND", key(), text()) },
            { listOf("STRLEN", key()) },
            { listOf("INCRBY", key(), number()) },
            { listOf("INCRBYFLOAT", key(), "0.5") },
            { listOf("GETRANGE", key(), number(), number()) },
            { listOf("SETRANGE", key(), "${random.nextInt(20)}", text()) },
            { listOf("SETBIT", key(), "${random.nextInt(200)}", "1") },
            { listOf("BITCOUNT", key()) },
            { listOf("MSET", key(), text(), key(), text()) },
            { listOf("MGET", key(), key(), key()) },
            { listOf("DEL", key(), key()) },
            { listOf("EXISTS", key(), key()) },
            { listOf("TYPE", key()) },
            { listOf("TTL", key()) },
            { listOf("RENAME", key(), key()) },
            { listOf("COPY", key(), key()) },
            { listOf("KEYS", "k*") },
            { listOf("LPUSH", key(), text(), text()) },
            { listOf("RPUSH", key(), text()) },
            { listOf("LRANGE", key(), "0", "-1") },
            { listOf("LPOP", key()) },
            { listOf("RPOP", key(), "2") },
            { listOf("LINDEX", key(), number()) },
            { listOf("LPOS", key(), text()) },
            { listOf("LLEN", key()) },
            { listOf("HSET", key(), field(), text(), field(), text()) },
            { listOf("HGET", key(), field()) },
            { listOf("HMGET", key(), field(), field()) },
            { listOf("HGETALL", key()) },
            { listOf("HDEL", key(), field()) },
            { listOf("HINCRBY", key(), field(), number()) },
            { listOf("SADD", key(), field(), number()) },
            { listOf("SREM", key(), field()) },
            { listOf("SMEMBERS", key()) },
            { listOf("SISMEMBER", key(), field()) },
            { listOf("SINTER", key(), key()) },
            { listOf("SUNION", key(), key()) },
            { listOf("ZADD", key(), number(), field(), "2.5", field()) },
            { listOf("ZADD", key(), "INCR", number(), field()) },
            { listOf("ZSCORE", key(), field()) },
            { listOf("ZRANGE", key(), "0", "-1", "WITHSCORES") },
            { listOf("ZRANK", key(), field()) },
            { listOf("ZREM", key(), field()) },
            { listOf("PFADD", key(), field()) },
            { listOf("PFCOUNT", key()) },
            { listOf("XADD", "s", "${++streamId}-1", field(), text()) },
            { listOf("XRANGE", "s", "-", "+", "COUNT", "3") },
            { listOf("XLEN", key()) },
            { listOf("EVAL", "return {1,'two',false,{3,'four'}}", "0") },
            { listOf("EVAL", "return redis.call('GET', KEYS[1])", "1", key()) },
            { listOf("ECHO", text()) },
            { listOf("OBJECT", "ENCODING", key()) },
            { listOf("GET") },
            // Jedis reads errors as Latin-1: nothing else in the one that repeats its arguments.
            { listOf("NOSUCHCOMMAND", number()) },
        )
}
