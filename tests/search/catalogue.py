"""A small market to search in: rooms, goods and answers as hosts put and give them.

The texts are ours; each line is a product or an answer as it would stand in a room.
"""

from typing import NamedTuple


class Stall(NamedTuple):
    """A room with its host and what is on its shelf."""

    room: str
    host: str
    host_name: str
    title: str
    phase: str
    goods: str
    """A line a product: sku | title | price in yuan | points, with / between | flaws."""
    answers: str = ""
    """A line an answer: id | sku | question | answer."""


STALLS = [
    Stall(
        "autumn-women", "mumu", "木木的衣橱", "秋季女装上新专场", "live",
        """
wide-leg | 高腰垂感阔腿裤 显瘦显高 | 129 | 梨形身材友好/胯宽腿粗也能穿/不起球 | 偏长，小个子要改裤脚
wide-short | 小个子九分阔腿裤 | 119 | 155也能穿/不用改裤脚 | 薄款，冬天不够暖
straight-jeans | 高腰直筒牛仔裤女 | 139 | 微弹不勒肚子 | 第一次洗会掉色
bootcut | 微喇牛仔裤 修饰小腿 | 149 | 小腿粗也显直 | 裤长只有一个
knit-dress | 收腰针织连衣裙 | 189 | 遮小肚子/办公室也能穿 | 坐久了会有褶
floral-dress | 法式碎花连衣裙 | 169 | 雪纺透气/有内衬不透 | 要低温熨烫
shirt-dress | 纯棉衬衫裙 | 159 | 洗了不变形 | 容易皱
cardigan | 软糯羊毛开衫 | 229 | 羊毛含量七成/不扎人 | 只能手洗
turtleneck | 高领打底衫 德绒 | 79 | 发热保暖/贴身不臃肿 | 领口偏紧
trench | 英伦风长款风衣 | 399 | 防泼水/有腰带 | 面料挺，不软
blazer | 垫肩西装外套女 | 269 | 溜肩救星 | 垫肩不能拆
pleated-skirt | 半身百褶裙 中长款 | 99 | 松紧腰/遮大腿 | 静电有点大
a-skirt | A字半身裙 高腰 | 89 | 遮胯/苹果型也能穿 | 里料有点滑
down-light | 轻薄羽绒服 短款 | 299 | 九十白鸭绒/能塞进包里 | 不防大雨
down-long | 长款过膝羽绒服 加厚 | 599 | 零下二十度也不冷 | 有点重
        """,
        """
q-wide-fit | wide-leg | 梨形身材能穿吗 | 能穿，胯那里放了量，大腿不绷
q-wide-short | wide-leg | 155小个子会不会拖地 | 会长三厘米左右，拍九分那款就好
q-wide-pill | wide-leg | 穿久了起球吗 | 涤纶混纺，磨了一千次没起球
q-dress-wash | knit-dress | 可以机洗吗 | 反面装洗衣袋，轻柔模式可以
q-floral-see | floral-dress | 白色那件透不透 | 有内衬，穿浅色内衣不透
q-cardigan-itch | cardigan | 皮肤敏感会扎吗 | 细羊毛，贴身穿也不扎
q-down-smell | down-long | 鸭绒有没有味道 | 打开晾半天就没有了
        """,
    ),
    Stall(
        "big-size", "duoduo", "多多大码", "微胖女生穿搭 大码专场", "live",
        """
big-pants | 大码冰丝阔腿裤 宽松 | 99 | 两百斤也能穿/凉感面料 | 会勾丝
big-dress | 大码显瘦连衣裙 遮肉 | 159 | 胖妹妹藏肉/袖子宽松 | 没有口袋
big-tee | 大码纯棉T恤 遮肚子 | 59 | 领口不变形 | 白色微透
big-bra | 大胸显小内衣 无钢圈 | 88 | 不压胸/聚拢副乳 | 背扣有四排
big-jeans | 胖mm高腰牛仔裤 弹力 | 129 | 收腹提臀 | 有点厚
big-coat | 大码双面呢大衣 | 499 | 藏肉不显壮 | 要干洗
        """,
        """
q-big-size | big-pants | 一百八十斤穿几码 | 一百八十斤拍四XL
q-big-arm | big-dress | 手臂粗会不会紧 | 袖子放宽了，手臂四十也能穿
        """,
    ),
    Stall(
        "sun-guard", "xiaotang", "小唐户外", "夏天防晒好物", "ended",
        """
sun-coat | 冰丝防晒衣 女款 UPF50+ | 119 | 晒一天不黑/透气不闷 | 颜色浅的洗几次会发白
sun-coat-kid | 儿童防晒服 凉感 | 89 | 帽檐大/有反光条 | 拉链细
sun-hat | 大帽檐渔夫帽 防紫外线 | 49 | 可以折叠 | 风大会吹起来
sun-mask | 护颈防晒面罩 | 29 | 不勒耳朵 | 说话会往下滑
sun-umbrella | 黑胶晴雨伞 全自动 | 69 | 十根骨抗风 | 有点沉
ice-sleeve | 冰袖 防晒袖套 | 19 | 不卡胳膊 | 腿粗的别当腿套
sunscreen | 清爽防晒霜 SPF50 不搓泥 | 79 | 敏感肌可用/军训也够 | 要卸妆
        """,
        """
q-sun-wash | sun-coat | 洗了防晒效果还在吗 | 洗五十次还有UPF四十以上
q-sunscreen-white | sunscreen | 涂了会不会假白 | 不假白，刚上脸有一点油光
        """,
    ),
    Stall(
        "bedding", "zhuzhu", "住住家纺", "被子枕头四件套 换季清仓", "live",
        """
set-four | 新疆长绒棉四件套 1.8米床 | 399 | 六十支/不缩水 | 深色第一次单独洗
set-kid | 儿童三件套 卡通 | 199 | A类面料 | 只有1.2米床
quilt-silk | 蚕丝被 春秋两用 | 899 | 可以拆开看丝/母子被 | 不能水洗
quilt-summer | 夏凉被 可机洗 | 129 | 烘干机也可以 | 薄
pillow-latex | 乳胶枕 护颈椎 | 159 | 不塌/高低两面 | 开始有点奶味
pillow-buckwheat | 荞麦枕头 硬一点的 | 69 | 可以拆洗 | 翻身有声音
mattress | 记忆棉床垫 宿舍单人 | 259 | 学生宿舍尺寸/可折叠 | 夏天偏热
blanket | 法兰绒毛毯 加厚 | 79 | 不掉毛 | 静电
curtain | 全遮光窗帘 免打孔 | 139 | 隔热防晒/静音挂钩 | 上门安装要另算
        """,
        """
q-latex-smell | pillow-latex | 乳胶枕味道大吗 | 通风两天就散，不是化学味
q-silk-check | quilt-silk | 怎么看是不是真蚕丝 | 被子侧面有拉链，抽一根丝烧一下是灰
q-set-size | set-four | 两米的床能用吗 | 两米床拍二百三乘二百五那一款
q-set-fade | set-four | 四件套掉色吗 | 活性印染，第一次用冷水泡一下
        """,
    ),
    Stall(
        "kitchen", "chuge", "厨哥说锅", "不粘锅到底选哪个", "ended",
        """
pan-28 | 麦饭石不粘锅 28厘米 | 129 | 电磁炉燃气都能用/少油烟 | 不能用铁铲
pan-iron | 手工铁锅 无涂层 | 199 | 越用越不粘 | 要开锅，会生锈
wok-light | 轻便炒锅 女士单手拿 | 159 | 只有一公斤 | 锅壁薄
pot-soup | 珐琅铸铁炖锅 | 329 | 炖汤不溢锅/保温久 | 很沉，怕磕
pressure | 电压力锅 5升 | 369 | 牛肉二十分钟软烂 | 密封圈一年一换
rice-cooker | 小电饭煲 一人食 | 149 | 煮粥不溢 | 没有预约
air-fryer | 空气炸锅 可视大容量 | 259 | 不用翻面/好清洗 | 噪音像吹风机
knife | 德国钢菜刀 不用磨 | 189 | 切肉不连刀 | 不能剁骨头
board | 整木砧板 抗菌防霉 | 99 | 不开裂 | 要立着晾
lunch-box | 玻璃饭盒 微波炉可用 | 59 | 带饭上班不漏汤 | 盖子不能进微波炉
        """,
        """
q-pan-coat | pan-28 | 涂层会不会掉 | 别用钢丝球和铁铲，用三年没掉
q-pan-induction | pan-28 | 电磁炉可以用吗 | 可以，底是复合钢
q-iron-rust | pan-iron | 铁锅生锈怎么办 | 用盐炒一遍再抹油，锈就没了
q-fryer-size | air-fryer | 三口之家够不够用 | 够，一次放一只整鸡
        """,
    ),
    Stall(
        "sofa-tour", "meijia", "美家小北", "小户型沙发探厂", "live",
        """
sofa-cloth | 科技布沙发 小户型三人位 | 1299 | 猫抓不坏/防水好擦 | 夏天坐着有点热
sofa-leather | 头层牛皮沙发 贵妃榻 | 4599 | 坐深六十/乳胶坐垫 | 过不了九十的门
sofa-bed | 可折叠沙发床 两用 | 899 | 客房一秒变床 | 睡久了腰有感觉
chair-rattan | 阳台藤编休闲椅 | 299 | 五平米阳台放得下 | 别淋雨
table-rock | 岩板餐桌 伸缩 | 1599 | 从一米三到一米七/耐刮 | 两个人抬
lamp-floor | 护眼落地灯 钓鱼灯 | 199 | 无频闪 | 底座占地
shoe-rack | 翻斗鞋柜 超薄17厘米 | 359 | 门后也放得下 | 高跟鞋要斜着放
bookcase | 实木书架 落地置物架 | 239 | 不晃/防倒 | 要自己装
        """,
        """
q-sofa-cat | sofa-cloth | 家里有猫会不会抓坏 | 科技布没有线头，猫抓不进去
q-sofa-sink | sofa-cloth | 坐两年会不会塌 | 海绵密度四十五，塌了免费换芯
q-sofa-delivery | sofa-leather | 送货上楼吗 | 有电梯送到家，没电梯六楼以上加钱
        """,
    ),
    Stall(
        "baby", "nuannuan", "暖暖妈妈", "宝宝秋冬用品", "scheduled",
        """
baby-body | 婴儿连体衣 无骨缝制 | 69 | 新生儿也不磨/纯棉A类 | 偏小一码
baby-bag | 宝宝睡袋 防踢被 恒温 | 139 | 分腿款能走路 | 拉链要教
baby-car | 婴儿推车 可登机 折叠 | 599 | 一只手收车 | 轮子小，石子路颠
baby-bottle | PPSU奶瓶 防胀气 | 89 | 摔不破 | 一年换一次奶嘴
diaper | 拉拉裤 超薄透气 夏天 | 79 | 红屁屁少 | 夜里要换一次
kids-shoes | 儿童学步鞋 软底 | 99 | 脚胖脚背高能穿 | 下雨会湿
        """,
        """
q-bag-size | baby-bag | 一岁半穿多大码 | 一岁半拍九十码，可以穿到三岁
        """,
    ),
    Stall(
        "beauty", "yoyo", "Yoyo美妆", "敏感肌护肤专场", "live",
        """
cream | 屏障修护面霜 敏感肌 | 169 | 换季泛红刺痛/无酒精香精 | 夏天有点厚
serum-c | 早C精华 提亮去黄 | 199 | 熬夜脸救星 | 见光要防晒
mask | 补水面膜 玻尿酸 十片 | 59 | 不闷痘 | 精华太多会滴
lip | 哑光口红 显白不拔干 | 89 | 黄皮显白/不沾杯 | 深色卸妆要卸两次
foundation | 持妆粉底液 油皮亲妈 | 159 | 八小时不暗沉/遮痘印 | 干皮会卡粉
brow | 防水眉笔 双头 | 39 | 出汗不掉 | 笔芯细易断
perfume | 桂花淡香水 留香久 | 129 | 不冲鼻 | 喷衣服上会留印
shampoo | 控油蓬松洗发水 | 69 | 细软塌救星 | 发尾会干
        """,
        """
q-cream-preg | cream | 孕妇可以用吗 | 没有视黄醇和水杨酸，孕妇可以用
q-lip-dark | lip | 唇色深能压住吗 | 薄涂两层能压住
q-foundation-shade | foundation | 黄一白拍什么色号 | 黄一白拍自然色，黄二白拍象牙
        """,
    ),
    Stall(
        "tea-room", "laochen", "老陈茶铺", "春茶第一采", "ended",
        """
tea-longjing | 明前龙井茶 250g 今年新茶 | 399 | 豆香足/手工炒 | 不耐泡，三泡就淡
tea-puer | 熟普洱茶饼 十年陈 | 299 | 不伤胃/暖 | 第一泡倒掉
tea-white | 福鼎白茶 老寿眉 煮着喝 | 199 | 枣香 | 有茶梗
tea-jasmine | 茉莉花茶 七窨 | 129 | 冰泡也香 | 花不留
tea-set | 便携旅行茶具 一壶三杯 | 99 | 陶瓷不烫手 | 壶小
        """,
        """
q-tea-store | tea-longjing | 龙井要放冰箱吗 | 密封放冷藏，三个月内喝完
q-tea-sleep | tea-puer | 晚上喝会不会睡不着 | 熟普咖啡碱少，晚上喝两杯没事
        """,
    ),
    Stall(
        "phones", "ake", "阿科数码", "手机配件捡漏", "live",
        """
cable | 编织快充数据线 Type-C 2米 | 29 | 折不断 | 有点硬
powerbank | 磁吸充电宝 10000毫安 可上飞机 | 129 | iPhone一贴就充 | 充电会发热
case | iPhone 16 Pro 防摔手机壳 | 39 | 四角气囊/不发黄 | 按键偏紧
earbuds | 降噪蓝牙耳机 入耳式 | 199 | 地铁里听得清/续航三十小时 | 耳道小的换小塞
keyboard | 无线机械键盘 静音红轴 | 229 | 办公室不吵 | 没有背光
stand | 笔记本电脑支架 铝合金 | 79 | 护颈椎/可折叠 | 占桌面
ring-light | 直播补光灯 带支架 | 159 | 三种色温 | 三脚架轻
        """,
        """
q-powerbank-fly | powerbank | 能带上飞机吗 | 三十七瓦时，国内航班能带，要有3C标
q-earbuds-run | earbuds | 跑步会掉吗 | 有耳翼，跑步不掉
        """,
    ),
    Stall(
        "jade", "yuge", "玉哥源头", "翡翠手镯源头直播", "live",
        """
bangle | 冰糯种翡翠手镯 正圈 | 2999 | 带国检证书/无纹无裂 | 有一点棉
jade-pendant | 和田玉平安扣吊坠 | 499 | 油润/可以复检 | 绳子要自己换
pearl | 淡水珍珠项链 强光 | 399 | 近正圆/扣是银的 | 怕香水
gold-ring | 足金戒指 开口可调 | 1280 | 克重一克五 | 软，别硬掰
        """,
        """
q-bangle-size | bangle | 手围15拍多大圈口 | 手围十五拍五十四到五十五
q-bangle-fake | bangle | 假的怎么赔 | 复检是假货，退一赔三
        """,
    ),
    Stall(
        "fruits", "guonong", "果农老李", "果园现摘发货", "live",
        """
orange | 赣南脐橙 现摘 十斤 | 39 | 甜度十四/坏果包赔 | 大小不太匀
mango | 海南贵妃芒果 树上熟 | 49 | 没有丝 | 要放两天
durian | 泰国金枕榴莲 包三房肉 | 139 | 不好吃包退 | 顺丰冷链加钱
nuts | 每日坚果 无添加 三十包 | 89 | 孕妇儿童能吃/独立小包 | 没有盐味
beef | 风干牛肉干 内蒙古 手撕 | 79 | 肉眼可见的丝 | 有点硬
        """,
        """
q-orange-bad | orange | 坏果怎么赔 | 收到二十四小时拍照，按个赔
q-durian-ripe | durian | 收到能直接吃吗 | 七八分熟，放一两天裂口就能吃
        """,
    ),
    Stall(
        "paris-chic", "lea", "Léa Martin", "Garde-robe d'automne, essayage en direct", "live",
        """
fr-skirt | Jupe plissée mi-longue | 59 | Taille élastique / Ne se froisse pas | Doublure courte
fr-pants | Pantalon large taille haute | 79 | Parfait pour hanches larges | À raccourcir
fr-coat | Manteau en laine recyclée | 189 | Très chaud | Pas imperméable
fr-boots | Bottines en cuir à talon plat | 129 | Semelle antidérapante | Tige un peu étroite
fr-dress | Robe d'été en lin | 69 | Légère et respirante | Se froisse vite
        """,
        """
q-fr-size | fr-pants | Je fais 1m65, quelle taille ? | Prends du 38, la coupe est généreuse
q-fr-care | fr-coat | Ça passe en machine ? | Non, nettoyage à sec uniquement
        """,
    ),
    Stall(
        "home-goods", "nora", "Nora Home", "Cosy home finds under 50", "ended",
        """
en-lamp | Bedside lamp with dimmer | 39 | Warm light, no flicker | Cable is short
en-mug | Stoneware mug, set of four | 29 | Dishwasher safe | Heavy
en-rug | Washable cotton rug | 49 | Does not slip on parquet | Sheds a little at first
en-blanket | Chunky knit throw blanket | 45 | Not itchy on bare skin | Dry clean only
en-kettle | Gooseneck electric kettle | 49 | Pours slowly, great for coffee | No keep warm mode
        """,
        """
q-en-lamp | en-lamp | Is the bulb included? | Yes, a 7 watt LED bulb comes with it
q-en-rug | en-rug | Does it slip on wooden floors? | No, there is a rubber backing
        """,
    ),
    Stall(
        "morning-chat", "anan", "安安聊天室", "早安聊天 通勤路上", "live", "",
    ),
]  # fmt: skip
