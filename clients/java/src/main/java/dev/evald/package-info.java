/**
 * Calls an evald server: it scores systems of natural language processing and tells whether one is better than another.
 *
 * <p>The client is thin. Requests and answers are the generated messages of {@code dev.evald.v1}; this package adds what
 * every caller would otherwise write again: deadlines, retries, message sizes, credentials and typed errors.
 */
package dev.evald;
