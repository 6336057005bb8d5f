package sight

import (
	"math"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/css"
)

// readColor takes a colour at the beginning of a value (CSS Color Module Level 4). Those that no mail uses are not known.
func readColor(value []token) (color, bool) {
	t := value[0]
	switch t.kind {
	case css.HashToken:
		return hexColor(strings.TrimPrefix(t.text, "#"))
	case css.IdentToken:
		return namedColor(word(t))
	case css.FunctionToken:
		return functionColor(word(t), value[1:])
	}
	return color{}, false
}

func hexColor(s string) (c color, ok bool) {
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return c, false
	}
	short := func(at uint) float64 { return float64(n>>at&15) * 17 }
	long := func(at uint) float64 { return float64(n >> at & 255) }
	switch len(s) {
	case 3:
		return color{short(8), short(4), short(0), 1}, true
	case 4:
		return color{short(12), short(8), short(4), short(0) / 255}, true
	case 6:
		return color{long(16), long(8), long(0), 1}, true
	case 8:
		return color{long(24), long(16), long(8), long(0) / 255}, true
	}
	return c, false
}

// functionColor takes the arguments of rgb(), hsl() and hwb().
func functionColor(name string, value []token) (c color, ok bool) {
	switch name {
	case "rgb(", "rgba(", "hsl(", "hsla(", "hwb(":
	case "lab(", "lch(", "oklab(", "oklch(", "color(":
		return spaceColor(name, value)
	default:
		return c, false
	}
	var n [4]float64
	count := 0
	for _, t := range value {
		if t.kind == css.RightParenthesisToken {
			break
		}
		var d declaration
		if t.kind == css.DimensionToken { // a hue with its unit
			d.number, _ = strconv.ParseFloat(strings.TrimRight(strings.ToLower(t.text), "abcdefghijklmnopqrstuvwxyz"), 64)
			if strings.HasSuffix(strings.ToLower(t.text), "turn") {
				d.number *= 360
			}
		} else if !d.numeral(t) && word(t) != "none" {
			continue
		}
		if count == len(n) {
			return c, false
		}
		if d.unit == "%" {
			d.number /= 100
			if count < 3 && strings.HasPrefix(name, "rgb") {
				d.number *= 255
			}
		} else if count > 0 && count < 3 && !strings.HasPrefix(name, "rgb") {
			d.number /= 100
		}
		n[count] = d.number
		count++
	}
	if count < 3 {
		return c, false
	}
	if count == 3 {
		n[3] = 1
	}
	bounded := func(x, most float64) float64 {
		if math.IsNaN(x) {
			return 0
		}
		return min(max(x, 0), most)
	}
	c.a = bounded(n[3], 1)
	switch name {
	case "rgb(", "rgba(":
		c.r, c.g, c.b = bounded(n[0], 255), bounded(n[1], 255), bounded(n[2], 255)
	case "hwb(":
		white, black := bounded(n[1], 1), bounded(n[2], 1)
		if sum := white + black; sum > 1 {
			white, black = white/sum, black/sum
		}
		pure := fromHue(n[0], 1, 0.5)
		mix := func(x float64) float64 { return x*(1-white-black) + 255*white }
		c.r, c.g, c.b = mix(pure.r), mix(pure.g), mix(pure.b)
	default:
		hued := fromHue(n[0], bounded(n[1], 1), bounded(n[2], 1))
		c.r, c.g, c.b = hued.r, hued.g, hued.b
	}
	return c, true
}

// spaceColor takes the arguments of lab(), lch(), oklab(), oklch() and color() (CSS Color Module Level 4, 9 and 10). The
// colours of other spaces than sRGB are taken for its own: they differ too little to matter.
func spaceColor(name string, value []token) (c color, ok bool) {
	var n []float64
	percent := map[string][3]float64{"lab(": {100, 125, 125}, "lch(": {100, 150, 360}, "oklab(": {1, 0.4, 0.4}, "oklch(": {1, 0.4, 360}, "color(": {1, 1, 1}}[name]
	for i, t := range value {
		if t.kind == css.RightParenthesisToken {
			break
		}
		d := declaration{}
		if a, isAngle := degrees(t); isAngle {
			d.number = a
		} else if !d.numeral(t) && word(t) != "none" {
			if word(t) == "from" || name != "color(" && t.kind == css.FunctionToken || i > 0 && t.kind == css.IdentToken && len(n) > 0 {
				return c, false
			}
			continue
		}
		if d.unit == "%" {
			if d.number /= 100; len(n) < 3 {
				d.number *= percent[len(n)]
			}
		}
		n = append(n, d.number)
	}
	if len(n) != 3 && len(n) != 4 {
		return c, false
	}
	l, a, b := n[0], n[1], n[2]
	if name == "lch(" || name == "oklch(" {
		a, b = n[1]*math.Cos(n[2]*math.Pi/180), n[1]*math.Sin(n[2]*math.Pi/180)
	}
	switch name {
	case "color(":
		c = color{255 * l, 255 * a, 255 * b, 1}
	case "lab(", "lch(":
		c = fromLab(l, a, b)
	default:
		c = fromOklab(l, a, b)
	}
	channel := func(x float64) float64 {
		if math.IsNaN(x) {
			return 0
		}
		return min(max(x, 0), 255)
	}
	c = color{channel(c.r), channel(c.g), channel(c.b), 1}
	if len(n) == 4 {
		c.a = min(max(n[3], 0), 1)
	}
	return c, true
}

// fromLinear is a colour by the light of its channels, of 1.
func fromLinear(r, g, b float64) color {
	channel := func(x float64) float64 {
		if x <= 0.0031308 {
			return 255 * 12.92 * x
		}
		return 255 * (1.055*math.Pow(x, 1/2.4) - 0.055)
	}
	return color{channel(r), channel(g), channel(b), 1}
}

func fromOklab(lightness, a, b float64) color {
	cube := func(x float64) float64 { return x * x * x }
	l, m, s := cube(lightness+0.3963377774*a+0.2158037573*b), cube(lightness-0.1055613458*a-0.0638541728*b), cube(lightness-0.0894841775*a-1.2914855480*b)
	return fromLinear(4.0767416621*l-3.3077115913*m+0.2309699292*s, -1.2684380046*l+2.6097574011*m-0.3413193965*s, -0.0041960863*l-0.7034186147*m+1.7076147010*s)
}

// fromLab is a colour of CIE Lab with the white D50.
func fromLab(lightness, a, b float64) color {
	fy := (lightness + 16) / 116
	of := func(f float64) float64 {
		if f*f*f > 216.0/24389 {
			return f * f * f
		}
		return (116*f - 16) * 27 / 24389
	}
	x, y, z := 0.9642956764*of(fy+a/500), of(fy), 0.8251046025*of(fy-b/200)
	return fromLinear(3.1341359*x-1.6173863*y-0.4906619*z, -0.9787955*x+1.9162543*y+0.0334427*z, 0.0719554*x-0.2289768*y+1.4053860*z)
}

// fromHue is a colour by hue in degrees, saturation and lightness of 1.
func fromHue(hue, saturation, lightness float64) color {
	hue = math.Mod(hue, 360)
	if math.IsNaN(hue) {
		hue = 0
	}
	channel := func(n float64) float64 {
		k := math.Mod(n+hue/30+12, 12)
		return 255 * (lightness - saturation*min(lightness, 1-lightness)*max(-1, min(k-3, 9-k, 1)))
	}
	return color{channel(0), channel(8), channel(4), 1}
}

// legacyColor takes the value of an attribute such as bgcolor, which may lack its mark.
func legacyColor(s string) (color, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if c, ok := namedColor(s); ok {
		return c, c.a > 0
	}
	if value := newTokens(s); strings.HasPrefix(s, "rgb") { // against the standard, but written
		var list []token
		for t := value.next(); t.kind != css.ErrorToken && len(list) < 20; t = value.next() {
			list = append(list, t)
		}
		return readColor(list)
	}
	s = strings.TrimPrefix(s, "#")
	if len(s) != 3 && len(s) != 6 {
		return color{}, false
	}
	return hexColor(s)
}

func namedColor(name string) (color, bool) {
	if name == "transparent" {
		return color{}, true
	}
	i := strings.Index(colorNames, " "+name+"=")
	if i < 0 || name == "" || strings.ContainsAny(name, " =") {
		return color{}, false
	}
	i += len(name) + 2
	return hexColor(colorNames[i : i+6])
}

// colorNames are the names that CSS knows, and the system's colours that make a page plain.
const colorNames = " white=ffffff black=000000 red=ff0000 green=008000 blue=0000ff gray=808080 grey=808080 silver=c0c0c0 maroon=800000 purple=800080 fuchsia=ff00ff magenta=ff00ff lime=00ff00 olive=808000" +
	" yellow=ffff00 navy=000080 teal=008080 aqua=00ffff cyan=00ffff orange=ffa500 canvas=ffffff canvastext=000000 window=ffffff windowtext=000000 field=ffffff fieldtext=000000 graytext=808080 linktext=0000ee aliceblue=f0f8ff antiquewhite=faebd7 aquamarine=7fffd4" +
	" azure=f0ffff beige=f5f5dc bisque=ffe4c4 blanchedalmond=ffebcd blueviolet=8a2be2 brown=a52a2a burlywood=deb887 cadetblue=5f9ea0 chartreuse=7fff00 chocolate=d2691e coral=ff7f50 cornflowerblue=6495ed" +
	" cornsilk=fff8dc crimson=dc143c darkblue=00008b darkcyan=008b8b darkgoldenrod=b8860b darkgray=a9a9a9 darkgrey=a9a9a9 darkgreen=006400 darkkhaki=bdb76b darkmagenta=8b008b darkolivegreen=556b2f" +
	" darkorange=ff8c00 darkorchid=9932cc darkred=8b0000 darksalmon=e9967a darkseagreen=8fbc8f darkslateblue=483d8b darkslategray=2f4f4f darkslategrey=2f4f4f darkturquoise=00ced1 darkviolet=9400d3" +
	" deeppink=ff1493 deepskyblue=00bfff dimgray=696969 dimgrey=696969 dodgerblue=1e90ff firebrick=b22222 floralwhite=fffaf0 forestgreen=228b22 gainsboro=dcdcdc ghostwhite=f8f8ff gold=ffd700" +
	" goldenrod=daa520 greenyellow=adff2f honeydew=f0fff0 hotpink=ff69b4 indianred=cd5c5c indigo=4b0082 ivory=fffff0 khaki=f0e68c lavender=e6e6fa lavenderblush=fff0f5 lawngreen=7cfc00 lemonchiffon=fffacd" +
	" lightblue=add8e6 lightcoral=f08080 lightcyan=e0ffff lightgoldenrodyellow=fafad2 lightgray=d3d3d3 lightgrey=d3d3d3 lightgreen=90ee90 lightpink=ffb6c1 lightsalmon=ffa07a lightseagreen=20b2aa" +
	" lightskyblue=87cefa lightslategray=778899 lightslategrey=778899 lightsteelblue=b0c4de lightyellow=ffffe0 limegreen=32cd32 linen=faf0e6 mediumaquamarine=66cdaa mediumblue=0000cd mediumorchid=ba55d3" +
	" mediumpurple=9370db mediumseagreen=3cb371 mediumslateblue=7b68ee mediumspringgreen=00fa9a mediumturquoise=48d1cc mediumvioletred=c71585 midnightblue=191970 mintcream=f5fffa mistyrose=ffe4e1" +
	" moccasin=ffe4b5 navajowhite=ffdead oldlace=fdf5e6 olivedrab=6b8e23 orangered=ff4500 orchid=da70d6 palegoldenrod=eee8aa palegreen=98fb98 paleturquoise=afeeee palevioletred=db7093 papayawhip=ffefd5" +
	" peachpuff=ffdab9 peru=cd853f pink=ffc0cb plum=dda0dd powderblue=b0e0e6 rebeccapurple=663399 rosybrown=bc8f8f royalblue=4169e1 saddlebrown=8b4513 salmon=fa8072 sandybrown=f4a460 seagreen=2e8b57" +
	" seashell=fff5ee sienna=a0522d skyblue=87ceeb slateblue=6a5acd slategray=708090 slategrey=708090 snow=fffafa springgreen=00ff7f steelblue=4682b4 tan=d2b48c thistle=d8bfd8 tomato=ff6347" +
	" turquoise=40e0d0 violet=ee82ee wheat=f5deb3 whitesmoke=f5f5f5 yellowgreen=9acd32 "
