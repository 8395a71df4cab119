package dev.uring.redis.commands

import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import io.kotest.assertions.withClue
import io.kotest.matchers.shouldBe

/**
 * Runs typed functions one after the other and compares what they return.
 *
 * Notes the commands that were sent, so that a test can say which functions it never called, and every result, so that
 * the same calls over another protocol can be compared.
 */
internal class Calls(
    private val executor: RedisExecutor<String, String>,
) : RedisExecutor<String, String> {
    private val sent = LinkedHashSet<String>()
    private val returned = mutableListOf<Any?>()
    private var at = ""

    val commands: Set<String> get() = sent

    val results: List<Any?> get() = returned

    override val codec: RedisCodec<String, String> get() = executor.codec

    override fun command(command: Command): CommandWriter {
        sent += command.name()
        at = command.name()
        return executor.command(command)
    }

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T = executor.execute(request, reply)

    /** Compares what [call] returns with [expected]. */
    suspend fun <T> returns(
        expected: T,
        call: suspend RedisExecutor<String, String>.() -> T,
    ) {
        val actual = call()
        withClue({ "${returned.size}. call, $at" }) { comparable(actual) shouldBe comparable(expected) }
        returned += comparable(actual)
    }

    /** For results that differ from run to run: [holds] must be true of what [call] returns. */
    suspend fun <T> satisfies(
        call: suspend RedisExecutor<String, String>.() -> T,
        holds: (T) -> Boolean,
    ) {
        val actual = call()
        withClue({ "${returned.size}. call, $at: ${comparable(actual)}" }) { holds(actual) shouldBe true }
        returned += Unit
    }

    /** What is called for what it does. */
    suspend fun does(call: suspend RedisExecutor<String, String>.() -> Any?) {
        call()
    }

    /** What is called for something that later calls need. */
    suspend fun <T> gives(call: suspend RedisExecutor<String, String>.() -> T): T = call()

    private fun comparable(value: Any?): Any? = if (value is ByteArray) value.toList() else value
}
