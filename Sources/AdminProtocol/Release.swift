/// What both programs say when they are asked for their version.
package enum Release {
    package static let version = "0.1.0"
}
