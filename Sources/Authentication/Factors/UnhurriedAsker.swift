/// Whoever waits as long as it takes.
package struct UnhurriedAsker: Asker {
    package let deadline = Int64.max
    package let isWaiting = true

    package init() {}
}
