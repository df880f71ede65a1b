print("twostepd")
