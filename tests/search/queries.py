"""A hundred queries with the answers that are right; half of them have eight characters or more.

Each line: the query | the right answers, any of which may stand first. An answer is a kind and an
id: `goods wide-leg`, `room bedding`, `host lea`, `answer q-wide-fit`.
"""

LONG = """
梨形身材适合的阔腿裤 | goods wide-leg, answer q-wide-fit
胯宽腿粗显瘦的裤子 | goods wide-leg
小个子不用改裤脚的阔腿裤 | goods wide-short
155小个子穿的阔腿裤 | goods wide-short, answer q-wide-short
两百斤能穿的阔腿裤 | goods big-pants
微胖女生显瘦连衣裙 | goods big-dress
胖妹妹穿的遮肉连衣裙 | goods big-dress
高腰直筒不勒肚子的牛仔裤 | goods straight-jeans
小腿粗适合穿的牛仔裤 | goods bootcut
办公室能穿的针织连衣裙 | goods knit-dress
法式碎花雪纺裙不透 | goods floral-dress
羊毛开衫会不会扎人 | goods cardigan, answer q-cardigan-itch
溜肩适合穿的西装外套 | goods blazer
零下二十度穿的羽绒服 | goods down-long
能塞进包里的轻薄羽绒服 | goods down-light
羽绒服有没有鸭绒味道 | answer q-down-smell, goods down-light
不起球的阔腿裤推荐 | goods wide-leg, answer q-wide-pill
针织连衣裙可以机洗吗 | answer q-dress-wash
晒一天不黑的防晒衣 | goods sun-coat
防晒衣洗了还有效果吗 | answer q-sun-wash
军训用的防晒霜敏感肌 | goods sunscreen
不勒耳朵的防晒面罩 | goods sun-mask
新疆长绒棉四件套1.8米 | goods set-four
四件套两米的床能不能用 | answer q-set-size
护颈椎的乳胶枕头 | goods pillow-latex
乳胶枕味道大不大 | answer q-latex-smell
怎么分辨真蚕丝被 | answer q-silk-check, goods quilt-silk
学生宿舍单人床垫可折叠 | goods mattress
免打孔的全遮光窗帘 | goods curtain
电磁炉能用的不粘锅 | goods pan-28, answer q-pan-induction
铁锅生锈了怎么办 | answer q-iron-rust
女士单手能拿的炒锅 | goods wok-light
三口之家用的空气炸锅 | answer q-fryer-size, goods air-fryer
上班带饭不漏汤的饭盒 | goods lunch-box
一个人用的小电饭煲 | goods rice-cooker
猫抓不坏的沙发小户型 | goods sofa-cloth, answer q-sofa-cat
五平米阳台放的休闲椅 | goods chair-rattan
超薄翻斗鞋柜门后 | goods shoe-rack
宝宝防踢被睡袋分腿 | goods baby-bag
能上飞机的婴儿推车 | goods baby-car
换季泛红敏感肌面霜 | goods cream
黄皮显白的口红不沾杯 | goods lip
黄一白粉底液什么色号 | answer q-foundation-shade
明前龙井茶今年新茶 | goods tea-longjing
充电宝能不能带上飞机 | answer q-powerbank-fly, goods powerbank
地铁里降噪的蓝牙耳机 | goods earbuds
手围15翡翠手镯多大圈口 | answer q-bangle-size
榴莲收到能直接吃吗 | answer q-durian-ripe
pantalon large pour hanches larges | goods fr-pants
rug that does not slip on parquet | goods en-rug
"""

SHORT = """
阔腿裤 | goods wide-leg, goods wide-short, goods big-pants
牛仔裤 | goods straight-jeans, goods bootcut, goods big-jeans
连衣裙 | goods knit-dress, goods floral-dress, goods big-dress
羽绒服 | goods down-light, goods down-long
防晒 | goods sun-coat, goods sun-mask, goods ice-sleeve, goods sunscreen, goods sun-coat-kid
四件套 | goods set-four, room bedding
蚕丝被 | goods quilt-silk
不粘锅 | goods pan-28, room kitchen
沙发 | goods sofa-cloth, goods sofa-leather, goods sofa-bed, room sofa-tour
翡翠手镯 | goods bangle, room jade
龙井 | goods tea-longjing
敏感肌 | goods cream, room beauty
木木 | host mumu
Léa | host lea
lea martin | host lea
老陈茶铺 | host laochen
大码专场 | room big-size
春茶 | room tea-room
iphone手机壳 | goods case
IPHONE 16 | goods case
ＩＰＨＯＮＥ１６ | goods case
type-c | goods cable
upf50 | goods sun-coat, answer q-sun-wash
1.8米床 | goods set-four
PPSU | goods baby-bottle
连衣群 | goods knit-dress, goods floral-dress, goods big-dress
阔腿库 | goods wide-leg, goods wide-short, goods big-pants
羽绒福 | goods down-light, goods down-long
蓝牙耳鸡 | goods earbuds
blankt | goods en-blanket
kettel | goods en-kettle
pantalom | goods fr-pants
washabel rug | goods en-rug
manteua | goods fr-coat
牛仔 | goods straight-jeans, goods bootcut, goods big-jeans
充电 | goods powerbank
plis | goods fr-skirt
robe ete | goods fr-dress
ROBE D’ÉTÉ | goods fr-dress
jupe | goods fr-skirt
bottines cuir | goods fr-boots
bedside lamp | goods en-lamp
gooseneck | goods en-kettle
mug | goods en-mug
wide-leg | goods wide-leg
坏果怎么赔 | answer q-orange-bad
假的怎么赔 | answer q-bangle-fake
孕妇能用 | answer q-cream-preg
掉色吗 | answer q-set-fade, goods straight-jeans
补光灯 | goods ring-light
"""


def read(lines: str) -> list[tuple[str, list[str]]]:
    """The queries of a list with their right answers."""
    pairs = (line.split(" | ") for line in lines.strip().splitlines())
    return [(query, [each.strip() for each in right.split(",")]) for query, right in pairs]
