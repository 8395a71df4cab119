package dev.uring.redis.commands

import dev.uring.bytes.FixedSink
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisCommands
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant

class ArgumentsTest :
    FunSpec({
        val commands =
            object : RedisCommands<String, String> {
                override val codec = RedisCodec.UTF8

                override fun command(command: Command) = CommandWriter().begin(command)
            }

        fun words(write: RedisCommands<String, String>.() -> CommandWriter): List<String> {
            val writer = commands.write()
            val sink = FixedSink(Arena.ofAuto().allocate(writer.finish().toLong()))
            writer.writeTo(sink)
            val lines = sink.view().toLatin1(0, sink.size()).split("\r\n")
            return lines.filterIndexed { i, _ -> i > 0 && i % 2 == 0 }
        }

        test("options are written where the server wants them, and only if given") {
            words { setRequest("k", "v", null, null, false) } shouldBe listOf("SET", "k", "v")
            words { setRequest("k", "v", SetCondition.IfAbsent, Expiry.After(2.seconds), false) } shouldBe
                listOf("SET", "k", "v", "NX", "EX", "2")
            words { zunionRequest(listOf("a", "b"), listOf(1.0, 2.5), Aggregate.Max) } shouldBe
                listOf("ZUNION", "2", "a", "b", "WEIGHTS", "1", "2.5", "AGGREGATE", "MAX")
            words { xreadRequest(mapOf("a" to "1", "b" to "2"), 10) } shouldBe
                listOf("XREAD", "COUNT", "10", "STREAMS", "a", "b", "1", "2")
            words { moduleLoadExRequest("m.so", listOf("a" to "1", "b" to "2"), listOf("x", "y")) } shouldBe
                listOf("MODULE", "LOADEX", "m.so", "CONFIG", "a", "1", "CONFIG", "b", "2", "ARGS", "x", "y")
            words { hexpireRequest("h", 5.seconds, listOf("f", "g"), ExpireCondition.IfLater) } shouldBe
                listOf("HEXPIRE", "h", "5", "GT", "FIELDS", "2", "f", "g")
        }

        test("every key is noted for routing, and what is only written like one is not") {
            commands.msetRequest(listOf("a" to "1", "b" to "2")).keysCount() shouldBe 2
            commands.blmpopRequest(1.seconds, listOf("a", "b", "c"), ListEnd.Left, null).keysCount() shouldBe 3
            commands.hsetRequest("h", listOf("f" to "1", "g" to "2")).keysCount() shouldBe 1
            commands.clusterKeySlotRequest("a").keysCount() shouldBe 0
        }

        test("a time is never shortened to none") {
            words { setRequest("k", "v", null, Expiry.After(1500.milliseconds), false) }.takeLast(2) shouldBe
                listOf("PX", "1500")
            words { pexpireRequest("k", 10.microseconds, null) } shouldBe listOf("PEXPIRE", "k", "1")
            words {
                setRequest(
                    "k",
                    "v",
                    null,
                    Expiry.At(Instant.fromEpochMilliseconds(1_234)),
                    false,
                )
            }.takeLast(2) shouldBe
                listOf("PXAT", "1234")
            shouldThrow<IllegalArgumentException> {
                commands.expireRequest(
                    "k",
                    500.milliseconds,
                    null,
                )
            }.message shouldBe
                "500ms is not a whole number of seconds: take the command that counts milliseconds (its name begins with p)"
        }

        test("waiting for ever is asked for by name, and the time is known to the client") {
            words { blpopRequest(listOf("k"), Duration.INFINITE) } shouldBe listOf("BLPOP", "k", "0")
            commands.blpopRequest(listOf("k"), Duration.INFINITE).blockMillis() shouldBe 0
            words { blpopRequest(listOf("k"), 250.milliseconds) } shouldBe listOf("BLPOP", "k", "0.25")
            commands.blpopRequest(listOf("k"), 250.milliseconds).blockMillis() shouldBe 250
            commands.xreadRequest(mapOf("a" to "0"), null).blockMillis() shouldBe CommandWriter.NOT_BLOCKING
            shouldThrow<IllegalArgumentException> { commands.blpopRequest(listOf("k"), Duration.ZERO) }.message shouldBe
                "timeout=0s is not positive: Duration.INFINITE waits without end, and the command that does not wait " +
                "has no timeout"
        }

        test("an empty collection is refused before anything is sent") {
            shouldThrow<IllegalArgumentException> { commands.delRequest(emptyList()) }.message shouldBe
                "DEL: keys is empty, and the command takes at least one"
            shouldThrow<IllegalArgumentException> { commands.hsetRequest("h", emptyMap()) }
        }

        test("what was sent twice is what was sent once, or the command says so") {
            fun isIdempotent(writer: CommandWriter) = writer.command().`is`(Command.IDEMPOTENT)
            isIdempotent(commands.setRequest("k", "v", null, null, false)) shouldBe true
            isIdempotent(commands.setGetRequest("k", "v", null, null, false)) shouldBe false
            isIdempotent(commands.incrRequest("k")) shouldBe false
            isIdempotent(commands.getRequest("k")) shouldBe true
        }
    })
