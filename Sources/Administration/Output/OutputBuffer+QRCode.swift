package import QRCodes

extension QRCode {
    /// How many columns of a terminal it takes in half blocks, with its margin.
    var columns: Int { width + 8 }

    /// Appends the code in half blocks, as `draw(inColour:_:)` has them.
    package borrowing func draw(on buffer: OutputBuffer, inColour: Bool) {
        draw(inColour: inColour) { buffer.append($0) }
    }
}
