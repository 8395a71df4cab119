package dev.uring.redis

import dev.uring.base.ConfigException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldNotContain
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

class RedisUrlTest :
    FunSpec({
        test("every form says where, who and which database") {
            RedisConfig.parse("redis://10.0.0.7:6380/3") shouldBe RedisConfig(address = "10.0.0.7:6380", database = 3)
            RedisConfig.parse("redis://10.0.0.7") shouldBe RedisConfig(address = "10.0.0.7:6379")
            RedisConfig.parse("redis://") shouldBe RedisConfig()
            RedisConfig.parse("redis://[::1]:7000") shouldBe RedisConfig(address = "[::1]:7000")
            RedisConfig.parse("redis://[::1]/1") shouldBe RedisConfig(address = "[::1]:6379", database = 1)
            RedisConfig.parse("redis://:pa%40ss+1@127.0.0.1") shouldBe RedisConfig(password = "pa@ss+1")
            RedisConfig.parse("redis://ann:p:w@127.0.0.1:1/2") shouldBe
                RedisConfig(address = "127.0.0.1:1", username = "ann", password = "p:w", database = 2)
            RedisConfig.parse("unix:/run/redis.sock?db=4") shouldBe
                RedisConfig(address = "unix:/run/redis.sock", database = 4)
            RedisConfig.parse("unix:///run/redis.sock") shouldBe RedisConfig(address = "unix:/run/redis.sock")
            RedisConfig.parse("unix://ann:p%40w@/run/redis.sock?db=1") shouldBe
                RedisConfig(address = "unix:/run/redis.sock", username = "ann", password = "p@w", database = 1)
            RedisConfig.parse("rediss://:pa?ss@cache.example.org/2?protocol=2&timeout=250ms&client_name=a%26b") shouldBe
                RedisConfig(
                    address = "tls://cache.example.org:6379",
                    password = "pa?ss",
                    database = 2,
                    protocol = RespVersion.RESP2,
                    commandTimeout = 250.milliseconds,
                    clientName = "a&b",
                )
            RedisConfig.parse("redis://db:7000?read_from=replica_preferred").readFrom shouldBe
                ReadFrom.REPLICA_PREFERRED
            RedisConfig.parse("redis-sentinel://:pw@s1,10.0.0.2:7,[::1]/5?master=main") shouldBe
                RedisConfig(
                    password = "pw",
                    database = 5,
                    sentinel = SentinelConfig("main", listOf("s1:26379", "10.0.0.2:7", "[::1]:26379")),
                )
            RedisConfig.parse("127.0.0.1:6399") shouldBe RedisConfig(address = "127.0.0.1:6399")
        }

        test("other forms are refused with what is wrong, and never with the password") {
            val wrong =
                mapOf(
                    "redis://h?db=x" to "a database that is no number",
                    "redis://h?protocol=4" to "there are 2 and 3",
                    "redis://h?timeout=soon" to "500ms, 5s or 1m",
                    "redis://h?master=m" to "the setting master",
                    "redis://:secret?x@h?read_from=nobody" to "replica_preferred",
                    "redis-sentinel://:secret@h" to "add ?master=name",
                    "http://h" to "another scheme",
                    "redis://ann@h" to "a user but no password",
                    "redis://:secret@h/x" to "a database that is no number",
                    "redis://:secret%zz@h" to "two hexadecimal digits",
                    "unix:/a?mode=1" to "the setting mode",
                )
            for ((url, why) in wrong) {
                withClue(url) {
                    val message = shouldThrow<ConfigException> { RedisConfig.parse(url) }.message!!
                    message shouldContain why
                    message shouldNotContain "secret"
                }
            }
        }

        test("a configuration shows no password, and refuses values outside their bounds") {
            RedisConfig(password = "secret").toString() shouldNotContain "secret"
            shouldThrow<ConfigException> { RedisConfig(maxInFlight = 0) }.message shouldBe
                "maxInFlight=0 must be at least 1"
            shouldThrow<ConfigException> { RedisConfig(commandTimeout = Duration.ZERO) }.message shouldBe
                "commandTimeout=0s must be positive; Duration.INFINITE is no limit"
        }
    })
