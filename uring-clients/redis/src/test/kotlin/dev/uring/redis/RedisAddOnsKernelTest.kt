package dev.uring.redis

import dev.uring.redis.codec.ValueCodec
import dev.uring.redis.commands.get
import dev.uring.redis.commands.set
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.micrometer.core.instrument.Tag
import io.micrometer.core.instrument.simple.SimpleMeterRegistry
import kotlinx.serialization.SerializationException
import kotlinx.serialization.builtins.ListSerializer
import kotlinx.serialization.builtins.serializer
import kotlinx.serialization.json.Json

/** What needs a library that a program may not have. */
class RedisAddOnsKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("values are written and read as JSON, and one that is none fails its own command only") {
            withClient(redis) { client ->
                val codec = Json.valueCodec(ListSerializer(Int.serializer()))
                val lists = client.withCodec(RedisCodec(ValueCodec.UTF8, codec))
                lists.set("json", listOf(1, 2, 3))
                client.fetch("json") shouldBe "[1,2,3]"
                lists.get("json") shouldBe listOf(1, 2, 3)
                client.store("json", "[1,")
                shouldThrow<SerializationException> { lists.get("json") }
                lists.get("missing") shouldBe null
                client.snapshot().connects shouldBe 1
            }
        }

        test("a registry shows what the client has counted, by server and with the tags given") {
            withClient(redis) { client ->
                val registry = SimpleMeterRegistry()
                RedisMeters(client, listOf(Tag.of("app", "shop"))).bindTo(registry)
                val before = client.snapshot().commandsSent
                repeat(5) { client.store("metered", "v") }
                runCatching { client.bump("metered") }

                fun counter(name: String) =
                    registry
                        .get(name)
                        .tag("server", client.config.address)
                        .tag("app", "shop")
                        .functionCounter()
                        .count()
                counter("uring.redis.commands") shouldBe before + 6.0
                counter("uring.redis.errors") shouldBe 1.0
                counter("uring.redis.connects") shouldBe 1.0
                registry.get("uring.redis.waiting").gauge().value() shouldBe 0.0
                registry.meters.size shouldBe 12
            }
        }
    })
