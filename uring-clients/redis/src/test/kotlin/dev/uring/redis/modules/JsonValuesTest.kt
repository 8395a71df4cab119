package dev.uring.redis.modules

import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.SetCondition
import dev.uring.redis.jsonValues
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.json.Json

/** What goes to the server for values of the program's own types, and what comes of its answers. */
class JsonValuesTest :
    FunSpec({
        test("a value is sent as the format writes it, to the root unless another path is given") {
            val server = Answering("OK", null, "OK", listOf(3))
            val values = server.jsonValues(Json)
            values.jsonSet("k", mapOf("n" to 1)) shouldBe true
            values.jsonSet("k", "x", "$.s", SetCondition.IfAbsent) shouldBe false
            values.jsonMerge("k", listOf(1, 2), "$.a")
            values.jsonArrAppend("k", "$.a", "b", "c") shouldBe listOf(3L)
            server.sent shouldBe
                listOf(
                    listOf("JSON.SET", "k", "$", """{"n":1}"""),
                    listOf("JSON.SET", "k", "$.s", "\"x\"", "NX"),
                    listOf("JSON.MERGE", "k", "$.a", "[1,2]"),
                    listOf("JSON.ARRAPPEND", "k", "$.a", "\"b\"", "\"c\""),
                ).map(::sentWords)
        }

        test("a path that may match many is read as a list, and one of the old kind as its only value") {
            val server = Answering("[1,2]", "[1,2]", "[]", "7", null, listOf("[1]", null, "[]"))
            val values = server.jsonValues(Json)
            values.jsonGetAll<Int>("k", "$..n") shouldBe listOf(1, 2)
            values.jsonGet<Int>("k", "$..n") shouldBe 1
            values.jsonGet<Int>("k", "$.none") shouldBe null
            values.jsonGet<Int>("k", ".n") shouldBe 7
            values.jsonGet(Int.serializer(), "none") shouldBe null
            values.jsonMGet<Int>(listOf("a", "b", "c"), "$.n") shouldBe listOf(1, null, null)
            server.sent.last() shouldBe sentWords(listOf("JSON.MGET", "a", "b", "c", "$.n"))
        }

        test("a value of another type fails the call with what the format says") {
            shouldThrow<SerializationException> { Answering("""["x"]""").jsonValues(Json).jsonGet<Int>("k") }
        }
    })

/** Gives [answers] in turn, and notes what was asked. */
private class Answering(
    private vararg val answers: Any?,
) : RedisExecutor<String, String> {
    val sent = mutableListOf<String>()

    override val codec = RedisCodec.UTF8

    override fun command(command: Command) = CommandWriter().begin(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T {
        request.finish()
        sent += String(request.copy(), Charsets.ISO_8859_1)
        return read(reply, answers[sent.size - 1])
    }
}
