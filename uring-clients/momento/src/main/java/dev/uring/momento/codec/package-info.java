/**
 * Momento's cache protocol, without I/O: frames of Protocol Buffers behind a base-128 length.
 *
 * <p><b>What lives here.</b> For a client: {@link dev.uring.momento.codec.MomentoCommandFrame}
 * writes commands, {@link dev.uring.momento.codec.MomentoReplyDecoder} finds replies. For a server:
 * {@link dev.uring.momento.codec.MomentoCommandDecoder} finds commands,
 * {@link dev.uring.momento.codec.MomentoReplyWriter} writes replies.
 *
 * <p><b>May import.</b> {@code dev.uring.bytes} and {@code dev.uring.codec} of the core.
 *
 * <p><b>Threads.</b> Everything with state belongs to one connection and so to one worker.
 *
 * <p><b>Who owns memory.</b> Decoders own what they gather of a large frame and lend views; a frame
 * holds the arrays it was given until it is written.
 *
 * <p><b>Why not protobuf-java.</b> Its streams write to arrays and buffers, not to a send queue in
 * pieces, and read from them; there would be a buffer and two copies for each message, and a value
 * could not be seen where it was received. {@code CodecCostMeasurement} among the tests compares
 * the two on the messages that a client sends and reads most; what the two make of the same bytes
 * is compared by {@code ProtobufDifferentialTest}.
 *
 * <p><b>Read next.</b> {@code dev.uring.momento.codec.MomentoCommandFrame}.
 */
package dev.uring.momento.codec;
